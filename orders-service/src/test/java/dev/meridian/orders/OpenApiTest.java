package dev.meridian.orders;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** The description of the API agrees with this service. {@link Api} checks every answer of the other tests too. */
@RunningService
class OpenApiTest {

    private static final OpenApi DESCRIPTION = OpenApi.DESCRIPTION;

    @Test
    void theFileInDocsIsServed(@LocalServerPort int port) {
        var api = new Api(port);

        Api.Answer served = api.get("/api/openapi", null);
        Api.Answer again = api.send(api.request("/api/openapi").header("If-None-Match", served.header("ETag")), null);

        assertThat(served.response().body()).isEqualTo(AsyncApi.text(OpenApi.FILE));
        assertThat(served.header("Cache-Control")).contains("public").contains("no-cache");
        assertThat(again.status()).isEqualTo(304);
    }

    @Test
    void itsOperationsAreThoseThatAreMapped(
            @Autowired @Qualifier("requestMappingHandlerMapping") RequestMappingHandlerMapping mappings) {
        Set<String> mapped = new TreeSet<>();
        mappings.getHandlerMethods().forEach((mapping, handler) -> {
            Set<RequestMethod> methods = mapping.getMethodsCondition().getMethods();
            for (String path : mapping.getPatternValues()) {
                (methods.isEmpty() ? Set.of("any method") : methods).forEach(method -> mapped.add(method + " " + path));
            }
        });

        assertThat(DESCRIPTION.operations()).isEqualTo(mapped);
    }

    @Test
    void itsExamplesFitItsSchemas() {
        assertThat(DESCRIPTION.differencesOfExamples()).isEmpty();
    }

    @Test
    void theOrdersOfItsExamplesAreTaken(@LocalServerPort int port) {
        List<String> examples = DESCRIPTION.exampleRequests("POST /api/orders");

        assertThat(examples)
                .isNotEmpty()
                .allSatisfy(example -> assertThat(
                                new Api(port).place("alice", example).status())
                        .isEqualTo(201));
    }

    @Test
    void theProblemsThatItNamesAreExplained() {
        String explained = AsyncApi.text(Path.of("../docs/problems.md"));

        assertThat(DESCRIPTION.problems())
                .isNotEmpty()
                .allSatisfy(name -> assertThat(explained).contains("`" + name + "`"));
    }

    private static final Map<String, String> HEADERS =
            Map.of("Content-Type", "application/json", "ETag", "\"1\"", "Location", "/api/orders/1");

    private static final String ORDER = """
            {"id":"019d4b3e-5a70-7c41-9f0e-2b6a4d8c1e35","status":"PLACED","version":1,"placedAt":"2026-04-01T09:30:00Z",
             "lines":[{"sku":"TEA-001","name":"Assam","quantity":1,"unitPrice":{"amount":"12.00","currency":"EUR"}}],
             "total":{"amount":"12.00","currency":"EUR"}}""";

    @Test
    void anAnswerThatDiffersIsNoticed() {
        assertThat(differences("/api/orders", 201, ORDER)).isEmpty();
        for (String other : List.of(
                ORDER.replace("\"status\"", "\"customer\":\"alice\",\"status\""),
                ORDER.replace("\"version\":1,", ""),
                ORDER.replace("\"version\":1", "\"version\":\"1\""),
                ORDER.replace("PLACED", "REJECTED"),
                ORDER.replace("PLACED", "LOST"),
                ORDER.replace("\"12.00\"", "12.00"),
                ORDER.replace("2026-04-01T09:30:00Z", "yesterday"),
                "[]")) {
            assertThat(differences("/api/orders", 201, other)).as(other).isNotEmpty();
        }
        assertThat(differences("/api/orders", 200, ORDER)).isNotEmpty();
        assertThat(differences("/api/nowhere", 201, ORDER)).isNotEmpty();
        assertThat(differences("/api/orders", 201, ORDER, "ETag", "")).isNotEmpty();
        assertThat(differences("/api/orders", 201, ORDER, "Content-Type", "text/plain"))
                .isNotEmpty();
    }

    @Test
    void aProblemThatTheOperationDoesNotNameIsNoticed() {
        assertThat(problem("/api/orders", 422, "unknown-sku")).isEmpty();
        assertThat(problem("/api/orders", 422, "order-settled")).isNotEmpty();
        assertThat(problem("/api/orders", 418, "not-acceptable")).isEmpty();
        assertThat(problem("/api/orders", 418, "any-other")).isNotEmpty();
        assertThat(problem("/api/nowhere", 404, "not-found")).isEmpty();
        assertThat(problem("/api/nowhere", 500, "internal-error")).isNotEmpty();
    }

    private static List<String> problem(String path, int status, String name) {
        String body = """
                {"type":"https://meridian.dev/problems/%s","title":"Title","status":%d,"detail":"Detail"}""".formatted(name, status);
        return differences(path, status, body, "Content-Type", "application/problem+json");
    }

    private static List<String> differences(String path, int status, String body) {
        return differences(path, status, body, "ETag", "\"1\"");
    }

    /** Of an answer to POST with {@link #HEADERS}, and one of them changed. */
    private static List<String> differences(String path, int status, String body, String header, String value) {
        Map<String, String> headers = new HashMap<>(HEADERS);
        headers.put(header, value);
        return DESCRIPTION.differences("POST", path, status, name -> headers.getOrDefault(name, ""), body);
    }
}
