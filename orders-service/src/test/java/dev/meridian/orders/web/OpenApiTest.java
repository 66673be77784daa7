package dev.meridian.orders.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

@RunningService
class OpenApiTest {

    private static final Path KEPT = Path.of("../docs/openapi.json");

    /** With {@code -Dopenapi.update} the kept description is written instead of compared. */
    @Test
    void theDescriptionThatIsServedIsTheOneInDocs(@LocalServerPort int port) throws IOException {
        JsonMapper sorted = JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                .build();
        Object description = sorted.readValue(
                new Api(port).get("/api/openapi", null).response().body(), Object.class);
        String served = sorted.writeValueAsString(description) + "\n";

        if (Boolean.getBoolean("openapi.update")) {
            Files.writeString(KEPT, served);
        }
        assertThat(served)
                .as("docs/openapi.json; `mvn verify -pl orders-service -am -Dopenapi.update=true` writes it anew")
                .isEqualTo(Files.readString(KEPT));
    }
}
