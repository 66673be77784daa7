package dev.meridian.gateway.routing;

import io.netty.channel.ChannelOption;
import java.time.Duration;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/**
 * Connections to the services: for each instance a bounded pool with a bounded queue before it. Spring Cloud Gateway's
 * own client would let any number of requests wait for a connection.
 */
@Configuration(proxyBeanMethods = false)
class Connections {

    private static final Duration SILENCE = Duration.ofSeconds(30);

    /** A restarted instance may have another address under its name; networks say to keep one for minutes. */
    static final Duration ADDRESS_KEPT = Duration.ofSeconds(2);

    /** As many streams as an instance of orders-service takes. */
    private static final int STREAMS = 4_000;

    @Bean
    HttpClient services(HttpClientProperties settings) {
        int connections = settings.getPool().getMaxConnections();
        return client("services", connections, 2 * connections, settings);
    }

    /** Its own connections. A stream that finds none free is refused soon: one may come free in minutes. */
    @Bean(defaultCandidate = false)
    HttpClient streams(HttpClientProperties settings) {
        return client("streams", STREAMS, STREAMS / 10, settings);
    }

    /**
     * Only the routes retry: they know which requests may be sent twice, Reactor Netty does not. And a service that
     * falls silent in the middle of its answer is given up; the routes' response time-out ends at the first byte.
     */
    private static HttpClient client(String name, int connections, int waiting, HttpClientProperties settings) {
        var pool = settings.getPool();
        return HttpClient.create(ConnectionProvider.builder(name)
                        .maxConnections(connections)
                        .pendingAcquireMaxCount(waiting)
                        .pendingAcquireTimeout(Duration.ofMillis(pool.getAcquireTimeout()))
                        .maxIdleTime(pool.getMaxIdleTime())
                        .evictInBackground(pool.getEvictionInterval())
                        .lifo() // idle connections stay idle, and get evicted
                        .build())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, settings.getConnectTimeout())
                .disableRetry(true)
                .responseTimeout(SILENCE)
                .resolver(names -> names.cacheMaxTimeToLive(ADDRESS_KEPT));
    }
}
