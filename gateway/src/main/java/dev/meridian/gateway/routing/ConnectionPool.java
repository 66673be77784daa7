package dev.meridian.gateway.routing;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
import org.springframework.cloud.gateway.config.HttpClientFactory;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientSslConfigurer;
import org.springframework.stereotype.Component;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** Connections to the services, as configured: for each instance a bounded pool with a bounded queue before it. */
@Component
class ConnectionPool extends HttpClientFactory {

    private static final Duration SILENCE = Duration.ofSeconds(30);

    /** An instance that was started again may have another address under its name; networks say to keep it for minutes. */
    static final Duration ADDRESS_KEPT = Duration.ofSeconds(2);

    /** As many streams as an instance of orders-service takes. */
    private static final int STREAMS = 4_000;

    ConnectionPool(
            HttpClientProperties properties,
            ServerProperties server,
            HttpClientSslConfigurer ssl,
            List<HttpClientCustomizer> customizers) {
        super(properties, server, ssl, customizers);
    }

    /**
     * Only the routes retry: they know which requests may be sent twice, Reactor Netty does not. And a service that
     * falls silent in the middle of its answer is given up; the routes' response time-out ends at the first byte.
     */
    @Override
    protected HttpClient createInstance() {
        return super.createInstance()
                .disableRetry(true)
                .responseTimeout(SILENCE)
                .resolver(names -> names.cacheMaxTimeToLive(ADDRESS_KEPT));
    }

    @Override
    protected ConnectionProvider buildConnectionProvider(HttpClientProperties properties) {
        int connections = properties.getPool().getMaxConnections();
        return pool(properties.getPool().getName(), connections, 2 * connections);
    }

    /** The same, but with connections of its own. A stream that finds none free is refused soon: one may come free in minutes. */
    HttpClient forStreams() {
        return new ConnectionPool(properties, serverProperties, sslConfigurer, customizers) {
            @Override
            protected ConnectionProvider buildConnectionProvider(HttpClientProperties properties) {
                return pool("streams", STREAMS, STREAMS / 10);
            }
        }.createInstance();
    }

    /** Spring Cloud Gateway would let any number of requests wait for a connection. */
    ConnectionProvider pool(String name, int connections, int waiting) {
        var pool = properties.getPool();
        return ConnectionProvider.builder(name)
                .maxConnections(connections)
                .pendingAcquireMaxCount(waiting)
                .pendingAcquireTimeout(Duration.ofMillis(pool.getAcquireTimeout()))
                .maxIdleTime(pool.getMaxIdleTime())
                .evictInBackground(pool.getEvictionInterval())
                .lifo() // idle connections stay idle, and get evicted
                .build();
    }
}
