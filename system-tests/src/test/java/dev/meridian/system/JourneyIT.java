package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@ExtendWith(RunningSystem.class)
class JourneyIT {

    private static final Duration SOON = Duration.ofSeconds(30);

    private final Shop shop = Shop.open();

    @ParameterizedTest(name = "{2} x {1} paid with {0}: {3} {4}")
    @CsvSource({
        "tok_ok,       TEA-001, 2,  CONFIRMED,",
        "tok_declined, TEA-001, 2,  REJECTED, PAYMENT_DECLINED",
        "tok_stolen,   TEA-001, 2,  REJECTED, PAYMENT_DECLINED",
        "tok_ok,       LTD-001, 60, REJECTED, OUT_OF_STOCK",
        "tok_flaky,    MUG-001, 1,  CONFIRMED,"
    })
    void anOrderSettles(
            String payment, String sku, int quantity, String status, @org.jspecify.annotations.Nullable String reason) {
        String id = shop.place(Shop.order(sku, quantity, payment));

        JsonNode order = shop.settled(id, SOON);

        assertThat(order.at("/status").asString()).isEqualTo(status);
        assertThat(order.at("/reason").asString(null)).isEqualTo(reason);
        assertThat(order.at("/version").asLong()).isEqualTo(2);
    }

    @Test
    void theSameKeyIsTheSameOrderAlsoAfterItSettled() {
        String key = UUID.randomUUID().toString();
        String body = Shop.order("TEA-002", 1, "tok_ok");
        Shop.Answer first = shop.place(key, body);
        shop.settled(first.status("/id"), SOON);

        Shop.Answer again = shop.place(key, body);

        assertThat(again.status()).isEqualTo(201);
        assertThat(again.response().body()).isEqualTo(first.response().body());
    }

    @Test
    void theListShowsTheNewestFirst() {
        String id = shop.place(Shop.order("TEA-003", 1, "tok_ok"));

        Shop.Answer list = shop.send(shop.asMe("/api/orders?limit=1"));

        assertThat(list.status("/orders/0/id")).isEqualTo(id);
        assertThat(list.json().has("nextCursor")).isTrue();
    }

    @Test
    void theCatalogueAndTheDescriptionNeedNoToken() {
        assertThat(shop.send(shop.request("/api/products"))
                        .json()
                        .at("/products")
                        .size())
                .isEqualTo(8);
        assertThat(shop.send(shop.request("/api/openapi")).json().at("/paths").has("/api/orders"))
                .isTrue();
    }

    @Test
    void anotherCustomersOrderDoesNotExist() {
        String id = shop.place(Shop.order("TEA-001", 1, "tok_ok"));
        shop.settled(id, SOON);

        Shop.Answer answer = Shop.open("operator", "orders").order(id);

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.problem()).isEqualTo("no-such-order");
    }

    @Test
    void theIssuerPublishesItselfAtTheFrontDoor() {
        Shop.Answer metadata = shop.send(shop.request("/.well-known/openid-configuration"));
        String origin = RunningSystem.stack().frontDoor().toString().replaceAll("/$", "");

        assertThat(metadata.status("/issuer")).isEqualTo(origin);
        assertThat(metadata.status("/token_endpoint")).startsWith(origin);
        assertThat(shop.send(shop.request("/oauth2/jwks")).json().at("/keys").size())
                .isPositive();
    }
}
