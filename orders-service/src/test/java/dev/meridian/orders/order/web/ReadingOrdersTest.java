package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

@RunningService
class ReadingOrdersTest {

    private final String customer = "customer-" + UUID.randomUUID();
    private final String token = Tokens.of(customer);
    private Api api = new Api(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @Test
    void theVersionIsTheETag() {
        String path = api.place(customer, Api.order("TEA-001", 1)).header("Location");

        Api.Answer order = api.get(path, token);
        Api.Answer unchanged = api.send(api.request(path).header("If-None-Match", order.header("ETag")), token);

        assertThat(order.header("ETag")).isEqualTo("\"1\"");
        assertThat(order.header("Cache-Control")).contains("private").contains("no-store");
        assertThat(unchanged.status()).isEqualTo(304);
    }

    /** RFC 9110, section 13.1, in the order of section 13.2.2. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
                    "1"        | -    | 200
                    *          | -    | 200
                    "2", "1"   | -    | 200
                    "2"        | -    | 412
                    W/"1"      | -    | 412
                    "2"        | "1"  | 412
                    "2"        | *    | 412
                    "1"        | "1"  | 304
                    -          | *    | 304
                    *          | *    | 304
                    -          | "2"  | 200
                    -          | W/"1"| 304
                    1          | -    | 400""")
    void preconditionsOfAReadAreEvaluated(@Nullable String ifMatch, @Nullable String ifNoneMatch, int status) {
        String path = api.place(customer, Api.order("TEA-001", 1)).header("Location");

        for (String method : List.of("GET", "HEAD")) {
            var request = api.request(path).method(method, HttpRequest.BodyPublishers.noBody());
            if (ifMatch != null) {
                request.header("If-Match", ifMatch);
            }
            if (ifNoneMatch != null) {
                request.header("If-None-Match", ifNoneMatch);
            }
            Api.Answer answer = api.send(request, token);

            assertThat(answer.status()).isEqualTo(status);
            if (status < 400) {
                assertThat(answer.header("ETag")).isEqualTo("\"1\"");
                assertThat(answer.header("Cache-Control")).contains("private");
            } else if (method.equals("GET")) {
                assertThat(answer.problem()).isEqualTo(status == 412 ? "version-mismatch" : "invalid-if-match");
            }
        }
    }

    @Test
    void preconditionsDoNotTellWhetherSomeoneElsesOrderExists() {
        String path = api.place(customer, Api.order("TEA-001", 1)).header("Location");

        for (String header : List.of("If-Match", "If-None-Match")) {
            Api.Answer answer = api.send(api.request(path).header(header, "*"), Tokens.of("stranger"));
            assertThat(answer.problem()).isEqualTo("no-such-order");
        }
    }

    @Test
    void someoneElsesOrderDoesNotExistFromTheDatabaseOrTheCache() {
        String path = api.place(customer, Api.order("TEA-001", 1)).header("Location");
        api.cancel(customer, path.substring("/api/orders/".length())); // only final orders are cached

        Api.Answer uncached = api.get(path, Tokens.of("stranger"));
        api.get(path, token);
        Api.Answer cached = api.get(path, Tokens.of("stranger"));
        Api.Answer missing = api.get("/api/orders/" + UUID.randomUUID(), token);

        assertThat(List.of(uncached.status(), cached.status(), missing.status()))
                .containsOnly(404);
        assertThat(cached.problem()).isEqualTo("no-such-order");
        assertThat(cached.json().at("/detail")).isEqualTo(missing.json().at("/detail"));
    }

    @Test
    void aListIsReadPageByPageNewestFirst() {
        List<String> placed = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            placed.addFirst(api.place(customer, Api.order("TEA-001", 1))
                    .json()
                    .at("/id")
                    .asString());
        }
        api.place("stranger", Api.order("TEA-001", 1));

        List<String> listed = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        String cursor = "";
        do {
            Api.Answer page = api.get("/api/orders?limit=2" + cursor, token);
            assertThat(page.status()).isEqualTo(200);
            JsonNode orders = page.json().at("/orders");
            sizes.add(orders.size());
            orders.forEach(order -> listed.add(order.at("/id").asString()));
            cursor = page.json().has("nextCursor")
                    ? "&cursor=" + page.json().at("/nextCursor").asString()
                    : "";
        } while (!cursor.isEmpty());

        assertThat(listed).isEqualTo(placed);
        assertThat(sizes).containsExactly(2, 2, 1);
    }

    @Test
    void aCustomerWithoutOrdersHasAnEmptyList() {
        assertThat(api.get("/api/orders", token).response().body()).isEqualTo("{\"orders\":[]}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"limit=0", "limit=101"})
    void theLimitIsBounded(String query) {
        assertThat(api.get("/api/orders?" + query, token).problem()).isEqualTo("invalid-request");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/orders?limit=many",
                "/api/orders?limit=-1",
                "/api/orders?limit=0x5",
                "/api/orders?limit=%D9%A3",
                "/api/orders?limit=%2B5",
                "/api/orders?limit=+5",
                "/api/orders?limit=5%20",
                "/api/orders?limit=",
                "/api/orders?limit=5&limit=6",
                "/api/orders?limit=99999999999",
                "/api/orders/not-a-uuid",
                "/api/orders/1-1-1-1-1",
                "/api/orders/%20019d4b3e-5a70-7c41-9f0e-2b6a4d8c1e35",
                "/api/orders/019d4b3e-5a70-7c41-9f0e-2b6a4d8c1e35%20",
                "/api/orders/19d4b3e-5a70-7c41-9f0e-2b6a4d8c1e35",
                "/api/orders/019d4b3e5a707c419f0e2b6a4d8c1e35",
                "/api/orders/%7B019d4b3e-5a70-7c41-9f0e-2b6a4d8c1e35%7D",
                "/api/orders/019d4b3e-5a70-7c41-9f0e-2b6a4d8c1e3%D9%A3",
                "/api/orders/1-1-1-1-1/events"
            })
    void wordsWhereOtherThingsBelongAreABadRequest(String path) {
        Api.Answer answer = api.get(path, token);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.problem()).isEqualTo("bad-request");
    }

    /** RFC 9562, section 4. */
    @Test
    void theDigitsOfAnIdMayBeUpperCase() {
        String id =
                api.place(customer, Api.order("TEA-001", 1)).json().at("/id").asString();

        Api.Answer answer = api.get("/api/orders/" + id.toUpperCase(Locale.ROOT), token);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().at("/id").asString()).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(strings = {"!", "AAAA", ""})
    void aCursorIsOneThatTheListGaveOut(String cursor) {
        Api.Answer answer = api.get("/api/orders?cursor=" + cursor, token);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.problem()).isEqualTo("invalid-cursor");
    }
}
