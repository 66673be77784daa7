package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.order.PlaceOrder;
import jakarta.validation.Validator;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Random;
import java.util.UUID;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Whatever a body holds, up to the largest that is let in: to refuse it costs little, and is a problem detail. */
@RunningService
class OddBodiesTest {

    /** What the gateway and the service let in. */
    private static final int LARGEST = 64 * 1024;

    /** An order with a hundred lines takes a tenth. */
    private static final long MOST_ALLOCATED = 8L << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final JsonMapper json;
    private final Validator validator;
    private Api api = new Api(0);

    @Autowired
    OddBodiesTest(JsonMapper json, Validator validator) {
        this.json = json;
        this.validator = validator;
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    static Stream<Arguments> bodies() {
        return Stream.of(
                Arguments.of("nulls", lines("null")),
                Arguments.of("empty lines", lines("{}")),
                Arguments.of("lines without sense", lines("{\"sku\":\"!\",\"quantity\":0}")),
                Arguments.of("numbers for lines", lines("0")),
                Arguments.of("arrays for lines", lines("[]")),
                Arguments.of("nested arrays", "[".repeat(LARGEST / 2) + "]".repeat(LARGEST / 2)),
                Arguments.of("nested objects", "{\"lines\":".repeat(LARGEST / 10) + "0" + "}".repeat(LARGEST / 10)),
                Arguments.of("a long name", "{\"" + "n".repeat(LARGEST - 10) + "\":1}"),
                Arguments.of("many names", fields(n -> "\"n" + n + "\":1")),
                Arguments.of("one name again and again", fields(n -> "\"lines\":[]")),
                Arguments.of("a long string", line("\"sku\":\"" + "A".repeat(LARGEST - 200) + "\"")),
                Arguments.of("escapes", line("\"sku\":\"" + "\\u0000".repeat((LARGEST - 200) / 6) + "\"")),
                Arguments.of("a long number", line("\"quantity\":" + "1".repeat(LARGEST - 200))),
                Arguments.of("a number with a large exponent", line("\"quantity\":1e999999999")),
                Arguments.of("a small part of a number", line("\"quantity\":0." + "0".repeat(LARGEST - 200) + "1")),
                Arguments.of("white space", " ".repeat(LARGEST - 2) + "{}"),
                Arguments.of("cut off", lines("null").substring(0, LARGEST / 2)));
    }

    private static String lines(String line) {
        int count = (LARGEST - 100) / (line.length() + 1);
        return "{\"lines\":[" + String.join(",", Collections.nCopies(count, line)) + "],\"paymentToken\":\"tok_ok\"}";
    }

    private static String line(String fields) {
        return "{\"lines\":[{" + fields + "}],\"paymentToken\":\"tok_ok\"}";
    }

    private static String fields(IntFunction<String> field) {
        int count = (LARGEST - 100) / (field.apply(9999).length() + 1);
        return IntStream.range(0, count).mapToObj(field).collect(Collectors.joining(",", "{", "}"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bodies")
    void anOddBodyIsRefusedAtLittleCost(String name, String body) {
        assertThat(body.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(LARGEST);
        refused(body);
    }

    /** Values of all kinds, one in another, by a seed that a failure tells. */
    @Test
    void aBodyOfAnythingIsRefusedAtLittleCost() {
        for (int seed = 0; seed < 200; seed++) {
            StringBuilder body = new StringBuilder("{\"lines\":");
            anything(new Random(seed), body, 0);
            body.append(",\"paymentToken\":\"tok_ok\"}");
            assertThat(body.length()).as("seed %d", seed).isLessThanOrEqualTo(LARGEST);
            refused(body.toString());
        }
    }

    private static void anything(Random random, StringBuilder to, int depth) {
        int room = LARGEST / 2 - to.length();
        switch (room < 400 || depth > 30 ? random.nextInt(5) : random.nextInt(8)) {
            case 0 -> to.append("null");
            case 1 -> to.append(random.nextBoolean());
            case 2 -> to.append(random.nextLong());
            case 3 -> to.append("1e").append(random.nextInt(1000));
            case 4 ->
                to.append("\"\\n\\u00e9").append("x".repeat(random.nextInt(50))).append('"');
            case 5, 6 -> {
                to.append('[');
                int size = 1 + random.nextInt(1 << random.nextInt(8));
                for (int i = 0; i < size && (i == 0 || to.length() < LARGEST / 2); i++) {
                    to.append(i == 0 ? "" : ",");
                    anything(random, to, depth + 1);
                }
                to.append(']');
            }
            default -> {
                to.append('{');
                String[] names = {"sku", "quantity", "lines", "n" + random.nextInt(9)};
                int size = 1 + random.nextInt(names.length);
                for (int i = 0; i < size; i++) {
                    to.append(i == 0 ? "\"" : ",\"").append(names[i]).append("\":");
                    anything(random, to, depth + 1);
                }
                to.append('}');
            }
        }
    }

    private void refused(String body) {
        assertThat(allocatedBy(body)).isLessThan(MOST_ALLOCATED);
        Api.Answer answer = api.place("customer-" + UUID.randomUUID(), body);
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(400);
        assertThat(answer.problem()).isIn("malformed-body", "unknown-field", "invalid-request");
        assertThat(answer.response().body()).hasSizeLessThan(4_000);
        assertThat(answer.json().path("errors").size()).isLessThanOrEqualTo(10);
    }

    private long allocatedBy(String body) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            validator.validate(json.readValue(body.getBytes(StandardCharsets.UTF_8), PlaceOrder.class));
        } catch (JacksonException refused) {
            // before it was whole
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
