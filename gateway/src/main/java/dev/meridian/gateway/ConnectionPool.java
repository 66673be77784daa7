package dev.meridian.gateway;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
import org.springframework.cloud.gateway.config.HttpClientFactory;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientSslConfigurer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** The connections to the services, per instance: a bounded pool with a bounded queue before it. */
class ConnectionPool extends HttpClientFactory {

    private static final Duration SILENCE = Duration.ofSeconds(30);

    /** An instance that was started again may have another address under its name; networks say to keep it for minutes. */
    static final Duration ADDRESS_KEPT = Duration.ofSeconds(2);

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

    /** As configured, but requests that wait for a connection are bounded too; Spring Cloud Gateway lets any number. */
    @Override
    protected ConnectionProvider buildConnectionProvider(HttpClientProperties properties) {
        var pool = properties.getPool();
        int connections = pool.getMaxConnections();
        return ConnectionProvider.builder(pool.getName())
                .maxConnections(connections)
                .pendingAcquireMaxCount(2 * connections)
                .pendingAcquireTimeout(Duration.ofMillis(pool.getAcquireTimeout()))
                .maxIdleTime(pool.getMaxIdleTime())
                .evictInBackground(pool.getEvictionInterval())
                .lifo() // idle connections stay idle, and get evicted
                .build();
    }
}
