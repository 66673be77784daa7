package dev.meridian.orders.settlement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.order.Order;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** This service reads what was ever written to its topic, with each new version too. */
class FormerOutcomesTest {

    @ParameterizedTest
    @ValueSource(strings = "fulfilment-decided.1.json")
    void outcomes(String example) throws IOException {
        Outcome outcome = JsonMapper.shared()
                .readValue(Files.readString(Path.of("../docs/events/examples", example)), Outcome.class);
        assertThat(outcome.orderId()).isEqualTo(UUID.fromString("01a21823-6a13-708e-91e3-6cbbc7961d1f"));
        assertThat(outcome.outcome()).isEqualTo(Order.Status.REJECTED);
        assertThat(outcome.reason()).isEqualTo(Order.Reason.OUT_OF_STOCK);
    }
}
