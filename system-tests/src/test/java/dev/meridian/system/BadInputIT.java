package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(RunningSystem.class)
class BadInputIT {

    private final Shop shop = Shop.open();

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void eachFaultHasItsOwnProblemAndStoresNothing(String problem, int status, String body) {
        String newest = newestOrder();

        Shop.Answer answer = shop.place("key", body);

        assertThat(answer.problem()).isEqualTo(problem);
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.status("/detail")).isNotBlank().doesNotContain("Exception", "dev.meridian");
        assertThat(newestOrder()).isEqualTo(newest);
    }

    static Stream<Arguments> eachFaultHasItsOwnProblemAndStoresNothing() {
        return Stream.of(
                Arguments.of("missing-body", 400, ""),
                Arguments.of("malformed-body", 400, "{\"lines\":["),
                Arguments.of("unknown-sku", 422, Shop.order("TEA-999", 1, "tok_ok")),
                Arguments.of("invalid-request", 400, Shop.order("TEA-001", 0, "tok_ok")),
                Arguments.of("unknown-field", 400, "{\"price\":1,\"lines\":[],\"paymentToken\":\"tok_ok\"}"),
                Arguments.of("body-too-large", 413, " ".repeat(64 * 1024) + Shop.order("TEA-001", 1, "tok_ok")));
    }

    @Test
    void aBodyThatIsTooLargeIsRefusedAlsoWhenItsLengthIsNotTold() {
        byte[] body = (" ".repeat(200_000) + Shop.order("TEA-001", 1, "tok_ok")).getBytes();
        Shop.Answer answer = shop.send(shop.asMe("/api/orders")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", "chunked")
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(body))));

        assertThat(answer.status()).isEqualTo(413);
        assertThat(answer.problem()).isEqualTo("body-too-large");
    }

    @Test
    void withoutATokenOrWithAWrongOneNothingIsTaken() {
        HttpRequest.Builder order = shop.request("/api/orders")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", "key")
                .POST(HttpRequest.BodyPublishers.ofString(Shop.order("TEA-001", 1, "tok_ok")));

        Shop.Answer missing = shop.send(order);
        Shop.Answer wrong = shop.send(order.header("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."));

        assertThat(missing.status()).isEqualTo(401);
        assertThat(missing.problem()).isEqualTo("missing-token");
        assertThat(missing.header("WWW-Authenticate")).startsWith("Bearer");
        assertThat(wrong.status()).isEqualTo(401);
        assertThat(wrong.problem()).isEqualTo("invalid-token");
    }

    @Test
    void theScopeIsNeeded() {
        Shop.Answer answer = Shop.open("operator", "ops").order("00000000-0000-7000-8000-000000000000");

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.problem()).isEqualTo("insufficient-scope");
    }

    @Test
    void anUnknownPathAndAnUnknownMethodAreProblemsOfTheirOwn() {
        assertThat(shop.send(shop.asMe("/nowhere")).problem()).isEqualTo("not-found");
        assertThat(shop.send(shop.asMe("/api/nowhere")).problem()).isEqualTo("not-found");
        assertThat(shop.send(shop.asMe("/api/orders").DELETE()).problem()).isEqualTo("method-not-allowed");
    }

    @Test
    void whatIsNotForOutsideIsNotThere() {
        for (String path : new String[] {"/actuator", "/actuator/health", "/actuator/gateway/routes", "/eureka/apps"}) {
            assertThat(shop.send(shop.asMe(path)).status()).as(path).isEqualTo(404);
        }
    }

    private String newestOrder() {
        return shop.send(shop.asMe("/api/orders?limit=1"))
                .json()
                .at("/orders/0/id")
                .asString("none");
    }
}
