package dev.meridian.gateway.routing;

import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.filter.NettyRoutingFilter;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
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
