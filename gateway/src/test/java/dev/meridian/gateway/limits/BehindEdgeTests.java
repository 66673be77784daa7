package dev.meridian.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.gateway.RunningGateway;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.TestPropertySource;

@TestPropertySource(
        properties = {"meridian.behind-edge=true", "meridian.limits.address-burst=3", "meridian.limits.address-rate=1"})
class BehindEdgeTests extends RunningGateway {

    private HttpResponse<String> productsFor(String addresses) {
        return answer(to("/api/products").header("X-Forwarded-For", addresses));
    }

    @Test
    void limitsTheRateOfTheAddressThatTheEdgeTells() {
        for (int i = 0; i < 20; i++) {
            productsFor("198.51.100." + i + ", 203.0.113.1");
        }

        var refused = productsFor("203.0.113.1");
        isProblem(refused, 429, "rate-limited");
        assertThat(refused.headers().firstValue("Retry-After")).contains("1");
        assertThat(productsFor("203.0.113.2").statusCode())
                .as("another address")
                .isEqualTo(200);
        assertThat(answer(to("/api/products")).statusCode())
                .as("a request of the edge itself")
                .isEqualTo(200);
    }

    @Test
    void tellsTheServicesWhereARequestComesFrom() {
        var asked = answer(withToken("/api/orders/1")
                .header("X-Forwarded-For", "203.0.113.9")
                .header("X-Forwarded-Proto", "https"));

        assertThat(asked.body())
                .containsIgnoringCase("x-forwarded-for: 203.0.113.9")
                .containsIgnoringCase("x-forwarded-proto: https")
                .containsIgnoringCase("x-forwarded-port: ");
    }
}
