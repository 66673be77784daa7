package dev.meridian.gateway.routing;

import io.micrometer.tracing.handler.TracingObservationHandler.TracingContext;
import io.micrometer.tracing.propagation.Propagator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.filter.headers.RemoveHopByHopHeadersFilter;
import org.springframework.cloud.gateway.support.ipresolver.RemoteAddressResolver;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.observation.ServerRequestObservationContext;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;

/**
 * Copies a request's headers, without those by which a caller could claim to be another one, to come from elsewhere or
 * to ask something else, and without those that end at a hop (RFC 9110, section 7.6.1). The copy continues the trace of
 * the gateway's own observation, and says where the request comes from.
 */
@Component
class HeaderSanitizer implements HttpHeadersFilter {

    private static final Set<String> HOP_BY_HOP = RemoveHopByHopHeadersFilter.HEADERS_REMOVED_ON_REQUEST;

    private static final List<String> FORGED = List.of("""
            forwarded x-real-ip x-client-ip x-cluster-client-ip x-envoy-external-address x-original-forwarded-for
            x-originating-ip x-remote-ip x-remote-addr x-proxyuser-ip cf-connecting-ip fastly-client-ip true-client-ip
            client-ip
            x-user-id x-user x-user-name x-user-roles x-username x-subject x-roles x-scopes x-remote-user
            x-authenticated-user x-auth-request-user x-auth-request-email x-auth-request-groups x-client-cert
            x-ssl-client-cert x-ssl-client-verify
            x-original-url x-original-uri x-original-host x-original-method x-rewrite-url x-host x-http-method
            x-http-method-override x-method-override""".split("\\s+"));

    private static final String HTTPS = "https";

    private static final String FORGED_PREFIX = "x-forwarded-";

    private final Propagator traces;
    private final RemoteAddressResolver callers;
    private final boolean behindEdge;
    private final Set<String> dropped = new HashSet<>(FORGED);

    HeaderSanitizer(
            Propagator traces, RemoteAddressResolver callers, @Value("${meridian.behind-edge}") boolean behindEdge) {
        this.traces = traces;
        this.callers = callers;
        this.behindEdge = behindEdge;
        dropped.addAll(HOP_BY_HOP);
        dropped.add("expect"); // the body was asked for here (RFC 9110, section 10.1.1)
        traces.fields().forEach(field -> dropped.add(field.toLowerCase(Locale.ROOT)));
    }

    @Override
    public HttpHeaders filter(HttpHeaders request, ServerWebExchange exchange) {
        var ending = request.getConnection().stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .toList();
        boolean chunked = request.containsHeader(HttpHeaders.TRANSFER_ENCODING);
        var kept = new HttpHeaders();
        request.forEach((name, values) -> {
            var known = name.toLowerCase(Locale.ROOT);
            if (!dropped.contains(known)
                    && !known.startsWith(FORGED_PREFIX)
                    && !(chunked && known.equals("content-length"))
                    && !ending.contains(known)) {
                kept.addAll(name, values);
            }
        });
        tellOrigin(exchange, request, kept);
        ServerRequestObservationContext.findCurrent(exchange.getAttributes())
                .map(observation -> observation.<TracingContext>get(TracingContext.class))
                .map(TracingContext::getSpan)
                .ifPresent(
                        span -> traces.inject(span.context(), kept, (carrier, name, value) -> kept.set(name, value)));
        return kept;
    }

    /** For identity: wrong passwords count by address, and browsers are led back by the scheme that they came with. */
    private void tellOrigin(ServerWebExchange exchange, HttpHeaders request, HttpHeaders kept) {
        var caller = callers.resolve(exchange);
        if (caller != null) {
            kept.set("X-Forwarded-For", caller.getHostString());
        }
        if (behindEdge && HTTPS.equals(request.getFirst("X-Forwarded-Proto"))) {
            int port = exchange.getRequest().getURI().getPort();
            kept.set("X-Forwarded-Proto", HTTPS);
            kept.set("X-Forwarded-Port", Integer.toString(port < 0 ? 443 : port));
        }
    }

    /** Drops the headers of an answer that end here. The answer's headers are a copy already. */
    static final HttpHeadersFilter ANSWERS = new HttpHeadersFilter() {
        @Override
        public HttpHeaders filter(HttpHeaders answer, ServerWebExchange exchange) {
            answer.getConnection().forEach(answer::remove);
            HOP_BY_HOP.forEach(answer::remove);
            return answer;
        }

        @Override
        public boolean supports(Type type) {
            return type == Type.RESPONSE;
        }
    };
}
