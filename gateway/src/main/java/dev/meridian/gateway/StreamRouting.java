package dev.meridian.gateway;

import java.time.Duration;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientSslConfigurer;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.NettyRoutingFilter;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.resources.ConnectionProvider;

/**
 * Routes whose answers are streams without an end have connections of their own: a stream holds one for minutes, and
 * must not take it from requests that are over in milliseconds. Such a route says {@code streams: true} in its metadata.
 *
 * <p>All else is as for other routes: the first byte has to come within the response time-out, and a service that is
 * silent for longer than {@link ConnectionPool} allows is given up. Streams send something more often than that.
 */
@Component
class StreamRouting extends NettyRoutingFilter {

    static final String STREAMS = "streams";

    /** As many as an instance of orders-service takes. */
    static final int CONNECTIONS = 4_000;

    StreamRouting(
            HttpClientProperties properties,
            ServerProperties server,
            HttpClientSslConfigurer ssl,
            List<HttpClientCustomizer> customizers,
            ObjectProvider<List<HttpHeadersFilter>> headers) {
        super(new Pool(properties, server, ssl, customizers).createInstance(), headers, properties);
    }

    /** Before the filter that routes all that is not routed yet. */
    @Override
    public int getOrder() {
        return super.getOrder() - 1;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        return streams(exchange) ? super.filter(exchange, chain) : chain.filter(exchange);
    }

    static boolean streams(ServerWebExchange exchange) {
        return exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR) instanceof Route route
                && Boolean.parseBoolean(String.valueOf(route.getMetadata().get(STREAMS)));
    }

    private static final class Pool extends ConnectionPool {

        Pool(
                HttpClientProperties properties,
                ServerProperties server,
                HttpClientSslConfigurer ssl,
                List<HttpClientCustomizer> customizers) {
            super(properties, server, ssl, customizers);
        }

        /** A stream that finds none free is refused soon: one may come free in minutes. */
        @Override
        protected ConnectionProvider buildConnectionProvider(HttpClientProperties properties) {
            var pool = properties.getPool();
            return ConnectionProvider.builder("streams")
                    .maxConnections(CONNECTIONS)
                    .pendingAcquireMaxCount(CONNECTIONS / 10)
                    .pendingAcquireTimeout(Duration.ofMillis(pool.getAcquireTimeout()))
                    .maxIdleTime(pool.getMaxIdleTime())
                    .evictInBackground(pool.getEvictionInterval())
                    .lifo()
                    .build();
        }
    }
}
