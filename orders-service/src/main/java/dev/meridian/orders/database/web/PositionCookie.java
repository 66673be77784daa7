package dev.meridian.orders.database.web;

import dev.meridian.orders.database.Horizon;
import dev.meridian.orders.database.Position;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseCookie;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.WebUtils;

/**
 * Carries the caller's {@link Horizon} from one request to the next, in a cookie: with it, reads never go back behind
 * what the caller saw or wrote. It is a hint and no secret; a forged one sends its sender's own reads to the primary.
 */
@Component
class PositionCookie extends OncePerRequestFilter {

    static final String NAME = "meridian-position";

    /** By then a replica that may be used at all is past it. */
    private static final Duration LIFETIME = Duration.ofMinutes(5);

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        String path = request.getRequestURI();
        return !path.equals("/api/orders") && !path.startsWith("/api/orders/");
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Horizon horizon =
                Horizon.at(position(request), position -> response.setHeader(HttpHeaders.SET_COOKIE, cookie(position)));
        try {
            horizon.<@Nullable Void>call(() -> {
                chain.doFilter(request, response);
                return null;
            });
        } catch (ServletException | IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new ServletException(e);
        }
    }

    private static @Nullable Position position(HttpServletRequest request) {
        Cookie cookie = WebUtils.getCookie(request, NAME);
        return cookie == null ? null : Position.parse(cookie.getValue()).orElse(null);
    }

    private static String cookie(Position position) {
        return ResponseCookie.from(NAME, position.toString())
                .httpOnly(true)
                .sameSite("Lax")
                .path("/api/orders") // not the catalogue, whose requests a CDN answers only where they carry no cookie
                .maxAge(LIFETIME)
                .build()
                .toString();
    }
}
