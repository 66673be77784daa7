package dev.meridian.orders.order.web;

import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseCookie;

/**
 * Cookies that name the orders which no later list of the caller's may lack, each order in a cookie of its own, so that
 * answers which arrive side by side do not replace each other's. They are hints and no secrets: forged ones send their
 * sender's lists to the primary. See docs/adr/0008-reads.md.
 */
public final class NewestOrderCookie {

    static final String PREFIX = "meridian-newest-order-";

    /** Longer than a replica that is read at all may be behind. */
    static final Duration LIFETIME = Duration.ofMinutes(5);

    /** How many orders are carried, the newest by their ids. */
    static final int MOST_CARRIED = 8;

    /** How many orders one answer adds. */
    static final int MOST_ADDED = 4;

    private NewestOrderCookie() {}

    /** The orders that the request names, newest first. */
    static List<UUID> carried(HttpServletRequest request) {
        return all(request).limit(MOST_CARRIED).toList();
    }

    private static Stream<UUID> all(HttpServletRequest request) {
        Cookie[] cookies = request.getCookies();
        return Stream.of(cookies == null ? new Cookie[0] : cookies)
                .map(Cookie::getName)
                .filter(name -> name.startsWith(PREFIX))
                .flatMap(name -> id(name.substring(PREFIX.length())).stream())
                .distinct()
                .sorted(NEWEST_FIRST);
    }

    private static final Comparator<UUID> NEWEST_FIRST =
            Comparator.comparing(UUID::toString).reversed();

    private static Optional<UUID> id(String text) {
        try {
            return Optional.of(UUID.fromString(text)).filter(id -> id.toString().equals(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * To be called when a request has placed an order, before the answer is written. Those that the request names were
     * committed before it came, so a replica that has the new order has them too, and their cookies end. Where the order
     * was placed by an earlier request with the same key, {@link #shown} is to be called instead.
     */
    static void placed(HttpServletRequest request, HttpServletResponse response, UUID order) {
        all(request)
                .filter(id -> !id.equals(order))
                .limit(MOST_CARRIED)
                .forEach(id -> add(request, response, id, Duration.ZERO));
        add(request, response, order, LIFETIME);
    }

    /** To be called when orders are shown, before the answer is written. Those of long ago are on the replica already. */
    public static void shown(
            HttpServletRequest request, HttpServletResponse response, Collection<UUID> orders, Instant now) {
        List<UUID> carried = all(request).toList();
        List<UUID> added = orders.stream()
                .filter(id -> !carried.contains(id) && placedAt(id).isAfter(now.minus(LIFETIME)))
                .sorted(NEWEST_FIRST)
                .limit(MOST_ADDED)
                .toList();
        added.forEach(id -> add(request, response, id, LIFETIME));
        carried.stream()
                .skip(MOST_CARRIED - added.size())
                .limit(MOST_CARRIED)
                .forEach(id -> add(request, response, id, Duration.ZERO));
    }

    /** By the first 48 bits of the id (UUID version 7, RFC 9562). */
    private static Instant placedAt(UUID id) {
        return Instant.ofEpochMilli(id.getMostSignificantBits() >>> 16);
    }

    /** @param lifetime zero ends it */
    private static void add(HttpServletRequest request, HttpServletResponse response, UUID order, Duration lifetime) {
        response.addHeader(
                HttpHeaders.SET_COOKIE,
                ResponseCookie.from(PREFIX + order, "1")
                        .httpOnly(true)
                        .secure(request.isSecure())
                        .sameSite("Lax")
                        .path("/api/orders")
                        .maxAge(lifetime)
                        .build()
                        .toString());
    }
}
