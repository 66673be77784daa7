package dev.meridian.orders.catalogue.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;

@RunningService
class ProductsTest {

    private Api api = new Api(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @Test
    void theCatalogueIsPublicAndMadeForSharedCaches() {
        Api.Answer products = api.get("/api/products", null);

        assertThat(products.status()).isEqualTo(200);
        assertThat(products.json().at("/products").size()).isEqualTo(8);
        assertThat(products.json().at("/products").toString())
                .contains("{\"sku\":\"TEA-001\",\"name\":\"Assam, second flush\","
                        + "\"price\":{\"amount\":\"12.00\",\"currency\":\"EUR\"}}");
        assertThat(products.header("Cache-Control")).contains("public").contains("max-age=60");
    }

    @Test
    void itIsRevalidatedByAStrongETag() {
        String etag = api.get("/api/products", null).header("ETag");

        Api.Answer again = api.send(api.request("/api/products").header("If-None-Match", etag), null);

        for (String path : List.of("/api/products", "/api/openapi")) {
            Api.Answer other = api.send(api.request(path).header("If-Match", "\"other\""), null);
            Api.Answer any = api.send(api.request(path).header("If-None-Match", "*"), null);
            assertThat(other.status()).isEqualTo(412);
            assertThat(other.problem()).isEqualTo("version-mismatch");
            assertThat(any.status()).isEqualTo(304);
            assertThat(any.header("Cache-Control")).contains("public");
        }
        assertThat(etag).startsWith("\"");
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.response().body()).isEmpty();
    }
}
