package dev.meridian.orders.order;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.meridian.orders.Money;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/** The events that this service writes are those that {@code docs/events} describes. */
class EventSchemasTest {

    private static final Order ORDER = Order.placed(
            UUID.randomUUID(),
            "alice",
            Instant.parse("2026-03-01T10:00:00.123Z"),
            List.of(new Order.Line("TEA-001", "Assam", 2, new Money(new BigDecimal("12.00"), "EUR"))));

    @Test
    void aPlacedOrder() throws IOException {
        fits("order-placed", OrderPlaced.of(ORDER, "tok_ok"));
    }

    @Test
    void aCancelledOrder() throws IOException {
        fits("order-cancelled", new OrderCancelled(ORDER.id(), "alice", Instant.parse("2026-03-01T10:00:01Z")));
        assertThat(errors("order-cancelled", "{\"orderId\":\"" + ORDER.id() + "\"}"))
                .isNotEmpty();
    }

    @Test
    void aChangedOrder() throws IOException {
        Order rejected = new Order(
                ORDER.id(),
                ORDER.customer(),
                Order.Status.REJECTED,
                2,
                ORDER.placedAt(),
                ORDER.lines(),
                ORDER.total(),
                Order.Reason.OUT_OF_STOCK);
        fits("order-changed", new OrderChanged("alice", ORDER));
        fits("order-changed", new OrderChanged("alice", rejected));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void whatWasEverWrittenStillFits(Path example) throws IOException {
        String schema = example.getFileName().toString().replaceFirst("\\.\\d+\\.json$", "");
        assertThat(errors(schema, Files.readString(example))).isEmpty();
    }

    static Stream<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("../docs/events/examples"))) {
            return files.toList().stream();
        }
    }

    @Test
    void anEventThatDoesNotFitIsNoticed() throws IOException {
        assertThat(errors("order-placed", "{\"orderId\":\"" + ORDER.id() + "\"}"))
                .isNotEmpty();
    }

    private static void fits(String schema, Object event) throws IOException {
        assertThat(errors(schema, JsonMapper.shared().writeValueAsString(event)))
                .isEmpty();
    }

    private static List<?> errors(String schema, String json) throws IOException {
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(Path.of("../docs/events", schema + ".schema.json")))
                .validate(json, InputFormat.JSON);
    }
}
