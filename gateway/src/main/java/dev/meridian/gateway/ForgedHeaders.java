package dev.meridian.gateway;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;

/**
 * Drops headers by which a caller could claim to be someone, or to ask something else. Spring Cloud Gateway drops <code>Forwarded</code> and
 * <code>X-Forwarded-*</code> of callers that are no trusted proxies, and hop-by-hop headers, but not these.
 */
@Component
class ForgedHeaders implements HttpHeadersFilter {

    static final List<String> NAMES = List.of(
            // where somebody comes from
            "X-Real-IP",
            "X-Client-IP",
            "X-Cluster-Client-IP",
            "X-Envoy-External-Address",
            "X-Original-Forwarded-For",
            "X-Originating-IP",
            "X-Remote-IP",
            "X-Remote-Addr",
            "X-ProxyUser-Ip",
            "CF-Connecting-IP",
            "Fastly-Client-IP",
            "True-Client-IP",
            "Client-IP",
            // who somebody is
            "X-User-Id",
            "X-User",
            "X-User-Name",
            "X-User-Roles",
            "X-Username",
            "X-Subject",
            "X-Roles",
            "X-Scopes",
            "X-Remote-User",
            "X-Authenticated-User",
            "X-Auth-Request-User",
            "X-Auth-Request-Email",
            "X-Auth-Request-Groups",
            "X-Forwarded-User",
            "X-Forwarded-Email",
            "X-Forwarded-Groups",
            "X-Forwarded-Preferred-Username",
            "X-Forwarded-Access-Token",
            "X-Forwarded-Client-Cert",
            "X-Client-Cert",
            "X-SSL-Client-Cert",
            "X-SSL-Client-Verify",
            // what somebody asks, and where
            "X-Original-URL",
            "X-Original-URI",
            "X-Original-Host",
            "X-Original-Method",
            "X-Rewrite-URL",
            "X-Host",
            "X-HTTP-Method",
            "X-HTTP-Method-Override",
            "X-Method-Override");

    private static final Set<String> FORGED = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

    static {
        FORGED.addAll(NAMES);
    }

    @Override
    public HttpHeaders filter(HttpHeaders headers, ServerWebExchange exchange) {
        if (headers.headerNames().stream().noneMatch(FORGED::contains)) {
            return headers;
        }
        var kept = new HttpHeaders();
        kept.addAll(headers);
        NAMES.forEach(kept::remove);
        return kept;
    }
}
