package dev.meridian.worker.fulfilment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** The worker reads what was ever written to its topics, with each new version too. */
class FormerEventsTest {

    private static final UUID ORDER = UUID.fromString("01a21823-6a13-708e-91e3-6cbbc7961d1f");

    private final JsonMapper json = JsonMapper.builder().build();

    @ParameterizedTest
    @ValueSource(strings = "order-placed.1.json")
    void placements(String example) throws IOException {
        OrderPlaced placed = json.readValue(read(example), OrderPlaced.class);
        assertThat(placed.orderId()).isEqualTo(ORDER);
        assertThat(placed.lines()).hasSize(1);
        assertThat(placed.paymentToken()).isEqualTo("tok_ok");
    }

    @ParameterizedTest
    @ValueSource(strings = "order-cancelled.1.json")
    void cancellations(String example) throws IOException {
        assertThat(json.readValue(read(example), OrderCancelled.class).orderId())
                .isEqualTo(ORDER);
    }

    private static String read(String example) throws IOException {
        return Files.readString(Path.of("../docs/events/examples", example));
    }
}
