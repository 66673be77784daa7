package dev.meridian.gateway;

import java.util.List;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;

/**
 * Drops headers by which a caller could claim to be someone. Spring Cloud Gateway drops <code>Forwarded</code> and
 * <code>X-Forwarded-*</code> of callers that are no trusted proxies, and hop-by-hop headers, but not these.
 */
@Component
class ForgedHeaders implements HttpHeadersFilter {

    static final List<String> NAMES = List.of(
            "X-Real-IP",
            "X-Client-IP",
            "True-Client-IP",
            "X-User-Id",
            "X-User",
            "X-Remote-User",
            "X-Auth-Request-User");

    @Override
    public HttpHeaders filter(HttpHeaders headers, ServerWebExchange exchange) {
        if (NAMES.stream().noneMatch(headers::containsHeader)) {
            return headers;
        }
        var kept = new HttpHeaders();
        kept.addAll(headers);
        NAMES.forEach(kept::remove);
        return kept;
    }
}
