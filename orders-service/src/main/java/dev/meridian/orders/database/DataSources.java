package dev.meridian.orders.database;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.util.Optional;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.aop.Advisor;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.jdbc.autoconfigure.DataSourceProperties;
import org.springframework.boot.jdbc.health.DataSourceHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.context.annotation.Role;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;

/**
 * Two pools, one for each database. Whoever asks for the {@link DataSource} gets the primary in a transaction that may
 * write, and in a {@code readOnly} one the replica where it will do. See docs/adr/0008-reads.md.
 */
@Configuration(proxyBeanMethods = false)
class DataSources {

    static {
        // Hikari trusts a connection for half a second after its last use, and gives out those of a server that was
        // killed in that time. Its only switch is a system property, read when a pool is made: no pool is made before.
        System.setProperty("com.zaxxer.hikari.aliveBypassWindowMs", "0");
    }

    @Bean(defaultCandidate = false)
    @Qualifier("writer")
    @ConfigurationProperties("spring.datasource.hikari")
    HikariDataSource writer(DataSourceProperties properties) {
        return pool(properties, properties.determineUrl());
    }

    @Bean(defaultCandidate = false)
    @Qualifier("reader")
    @ConfigurationProperties("meridian.replica.hikari")
    HikariDataSource reader(DataSourceProperties properties, ReplicaSettings settings) {
        return pool(properties, settings.url());
    }

    private static HikariDataSource pool(DataSourceProperties properties, String url) {
        var pool = new HikariDataSource();
        pool.setJdbcUrl(url);
        pool.setUsername(properties.determineUsername());
        pool.setPassword(properties.determinePassword());
        return pool;
    }

    @Bean
    @Primary
    DataSource dataSource(
            @Qualifier("writer") HikariDataSource writer,
            @Qualifier("reader") HikariDataSource reader,
            Replica replica,
            MeterRegistry metrics) {
        var dataSource = new LazyConnectionDataSourceProxy(new WriterDataSource(writer));
        dataSource.setReadOnlyDataSource(new ReaderDataSource(reader, writer, replica, metrics));
        // As both servers have them; asking would need a connection before there is one to be had.
        dataSource.setDefaultAutoCommit(true);
        dataSource.setDefaultTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        return dataSource;
    }

    @Bean
    Replica replica(ReplicaSettings settings, MeterRegistry metrics) {
        var replica = new Replica(settings.fresh(), settings.maxLag(), System::nanoTime);
        Gauge.builder("meridian.replica.lag", replica, DataSources::lagSeconds)
                .description("By how long the replica is behind, at most; NaN where it or the primary does not answer")
                .baseUnit("seconds")
                .register(metrics);
        return replica;
    }

    private static double lagSeconds(Replica replica) {
        return replica.lag().map(lag -> lag.toNanos() / 1e9).orElse(Double.NaN);
    }

    @Bean
    ReplicaWatch replicaWatch(
            ReplicaSettings settings,
            DataSourceProperties properties,
            Replica replica,
            @Qualifier("reader") HikariDataSource reader) {
        return new ReplicaWatch(
                server(properties, settings.url()),
                server(properties, properties.determineUrl()),
                settings,
                replica,
                // Connections to a server that was the replica before.
                () -> Optional.ofNullable(reader.getHikariPoolMXBean()).ifPresent(pool -> pool.softEvictConnections()));
    }

    private static PGSimpleDataSource server(DataSourceProperties properties, String url) {
        var server = new PGSimpleDataSource();
        server.setUrl(url);
        server.setUser(properties.determineUsername());
        server.setPassword(properties.determinePassword());
        server.setApplicationName("orders-service-watch");
        return server;
    }

    /** Readiness asks for this: the primary, and never the replica. */
    @Bean
    HealthContributor dbHealthContributor(@Qualifier("writer") HikariDataSource writer) {
        return new DataSourceHealthIndicator(writer);
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE) // else the proxies that make transactions would not heed it
    static Advisor repeatedReads(ObjectProvider<Replica> replica) {
        return SecondTry.around(replica::getObject);
    }
}
