package dev.meridian.gateway.routing;

import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.NettyRoutingFilter;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;

/**
 * Sends requests to the services, before Spring Cloud Gateway's filter would do so.
 *
 * <p>{@linkplain StreamingRoutes Streams} have connections of their own: a stream holds one for minutes, and must not
 * take it from requests that are over in milliseconds. All else is as for other routes: the first byte has to come
 * within the response time-out, and a service that is silent for longer than {@link Connections} allows is given up.
 * Streams send something more often than that.
 */
@Component
@LoadBalancerClients(defaultConfiguration = Instances.class)
class ServiceRouting extends NettyRoutingFilter {

    /** The routes' own business: an error here would end their attempts. */
    private static final Set<HttpStatusCode> RETRIED = Set.of(HttpStatus.BAD_GATEWAY, HttpStatus.SERVICE_UNAVAILABLE);

    private final HttpClient services;
    private final HttpClient streams;
    private final List<HttpHeadersFilter> headers;

    ServiceRouting(
            HttpClient services,
            @Qualifier("streams") HttpClient streams,
            HeaderSanitizer sanitizer,
            ObjectProvider<List<HttpHeadersFilter>> others,
            HttpClientProperties properties) {
        super(services, others, properties);
        this.services = services;
        this.streams = streams;
        this.headers = List.of(sanitizer, HeaderSanitizer.ANSWERS);
    }

    @Override
    public int getOrder() {
        return super.getOrder() - 1;
    }

    /** What a service's web server refuses by itself, with a page or without a word, becomes a problem detail. */
    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        return super.filter(exchange, chain).then(Mono.defer(() -> {
            var status = exchange.getResponse().getStatusCode();
            if (status == null || !status.isError() || RETRIED.contains(status) || explains(exchange)) {
                return Mono.empty();
            }
            exchange.getResponse().getHeaders().remove(HttpHeaders.CONTENT_LANGUAGE);
            return Mono.error(new ResponseStatusException(status));
        }));
    }

    /** Pages are for browsers, and for them only where people go. */
    private static boolean explains(ServerWebExchange exchange) {
        var type = exchange.getResponse().getHeaders().getFirst(HttpHeaders.CONTENT_TYPE);
        var request = exchange.getRequest();
        if (type == null || request.getPath().value().startsWith("/api/")) {
            return type != null && type.startsWith(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        }
        return !type.startsWith(MediaType.TEXT_HTML_VALUE)
                || request.getHeaders()
                        .getOrEmpty(HttpHeaders.ACCEPT)
                        .toString()
                        .contains(MediaType.TEXT_HTML_VALUE);
    }

    /** These alone, since each of Spring Cloud Gateway's filters copies all headers. */
    @Override
    public List<HttpHeadersFilter> getHeadersFilters() {
        return headers;
    }

    @Override
    protected HttpClient getHttpClient(Route route, ServerWebExchange exchange) {
        return StreamingRoutes.contain(route) ? streams : services;
    }
}
