package dev.meridian.gateway.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.gateway.Issuer;
import dev.meridian.gateway.RunningGateway;
import java.net.URI;
import java.net.http.HttpRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalManagementPort;

/** What is ours alone is not reachable from outside, whatever the way there is called, and with any token. */
class FrontDoorTests extends RunningGateway {

    private static final String OPERATOR =
            ISSUER.token(Issuer.claims().claim("scope", "orders ops").build());

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/actuator",
                "/actuator/health",
                "/actuator/prometheus",
                "/actuator/env",
                "/actuator/gateway/routes",
                "/eureka",
                "/eureka/apps",
                "/eureka/apps/ORDERS-SERVICE",
                "/ORDERS-SERVICE/api/orders",
                "/orders-service/actuator/health",
                "/Actuator/health",
                "/./actuator/health",
                "//actuator/health",
                "/actuator//health",
                "/actuator;x/health",
                "/;x/actuator/health",
                "/%61ctuator/health",
                "/%2e/actuator/health",
                "/api/products/../../actuator/health",
                "/api/products/../actuator/health",
                "/api/orders/../../actuator/health",
                "/api/orders/..;/..;/actuator/health",
                "/api/orders/%2e%2e/%2e%2e/actuator/health",
                "/api/orders/%252e%252e/%252e%252e/actuator/health",
                "/api/orders/..%2f..%2factuator/health",
                "/api/orders/..%5c..%5cactuator/health",
                "/api/orders/..\\..\\actuator\\health",
                "/api/openapi/../../eureka/apps",
                "/oauth2/../actuator/health",
                "/login;x/../actuator/health",
                "/login/../eureka/apps",
                "http://127.0.0.1:8761/eureka/apps",
                "http://localhost/actuator/health"
            })
    void leadsNowhereElse(String path) {
        WORKING.asked.clear();
        var answer = raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + OPERATOR
                + "\r\nConnection: close\r\n\r\n");
        assertThat(answer).containsPattern("^HTTP/1.1 (400|404) ").contains("https://meridian.dev/problems/");
        assertThat(WORKING.asked)
                .filteredOn(asked -> !asked.endsWith("/actuator/health/readiness"))
                .isEmpty();
    }

    @Test
    void healthIsToldOnTheManagementPortWithoutAToken(@LocalManagementPort int management) {
        var health = URI.create("http://127.0.0.1:" + management + "/actuator/health/liveness");
        assertThat(answer(HttpRequest.newBuilder(health)).statusCode()).isEqualTo(200);
    }
}
