package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.servlet.http.Cookie;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

class NewestOrderCookieTest {

    private static final Instant NOW = Instant.parse("2030-01-01T12:00:00Z");

    private final MockHttpServletResponse response = new MockHttpServletResponse();

    /** @param age so old is the order, in seconds */
    private static UUID order(int age) {
        return UuidCreator.getTimeOrderedEpochMin(NOW.minusSeconds(age));
    }

    private static MockHttpServletRequest carrying(UUID... orders) {
        return named(Arrays.stream(orders)
                .map(order -> NewestOrderCookie.PREFIX + order)
                .toArray(String[]::new));
    }

    private static MockHttpServletRequest named(String... names) {
        var request = new MockHttpServletRequest();
        request.setCookies(
                Arrays.stream(names).map(name -> new Cookie(name, "1")).toArray(Cookie[]::new));
        return request;
    }

    private List<UUID> set() {
        return cookies(300);
    }

    private List<UUID> ended() {
        return cookies(0);
    }

    private List<UUID> cookies(int maxAge) {
        return Stream.of(response.getCookies())
                .filter(cookie -> cookie.getMaxAge() == maxAge)
                .map(cookie -> UUID.fromString(cookie.getName().substring(NewestOrderCookie.PREFIX.length())))
                .toList();
    }

    @Test
    void aNewOrderTakesThePlaceOfThoseThatWereThereBefore() {
        NewestOrderCookie.placed(carrying(order(20), order(10)), response, order(0));
        assertThat(set()).containsExactly(order(0));
        assertThat(ended()).containsExactly(order(10), order(20));
    }

    @Test
    void aFirstOrderIsSet() {
        NewestOrderCookie.placed(new MockHttpServletRequest(), response, order(0));
        assertThat(set()).containsExactly(order(0));
        assertThat(ended()).isEmpty();
    }

    @Test
    void whatIsShownJoinsThoseThatAreThere() {
        NewestOrderCookie.shown(carrying(order(20)), response, List.of(order(10), order(20)), NOW);
        assertThat(set()).containsExactly(order(10));
        assertThat(ended()).isEmpty();
    }

    @Test
    void whatIsLongOnTheReplicaIsLeftOut() {
        NewestOrderCookie.shown(carrying(), response, List.of(order(301), order(299)), NOW);
        assertThat(set()).containsExactly(order(299));
    }

    @Test
    void thereAreNeverManyAndTheNewestStay() {
        UUID[] carried = Stream.iterate(100, age -> age - 1)
                .limit(8)
                .map(NewestOrderCookieTest::order)
                .toArray(UUID[]::new);
        NewestOrderCookie.shown(
                carrying(carried), response, List.of(order(5), order(4), order(3), order(2), order(1)), NOW);
        assertThat(set()).containsExactly(order(1), order(2), order(3), order(4));
        assertThat(ended()).containsExactly(order(97), order(98), order(99), order(100));
    }

    @Test
    void ofManyTheNewestCount() {
        UUID[] many = Stream.iterate(200, age -> age - 1)
                .limit(100)
                .map(NewestOrderCookieTest::order)
                .toArray(UUID[]::new);
        assertThat(NewestOrderCookie.carried(carrying(many))).hasSize(8).startsWith(order(101), order(102));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "1-1-1-1-1", "0193B2F0-0000-7000-8000-000000000000", "%31"})
    void whatIsNoOrderIsIgnored(String name) {
        assertThat(NewestOrderCookie.carried(named(NewestOrderCookie.PREFIX + name, "other")))
                .isEmpty();
    }
}
