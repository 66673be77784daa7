package dev.meridian.orders.database;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.jdbc.autoconfigure.DataSourceProperties;
import org.springframework.boot.jdbc.health.DataSourceHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

/** Two pools, one for each database. Only {@link Replica} has the second; everything else is on the primary. */
@Configuration(proxyBeanMethods = false)
class DataSources {

    @Bean
    @Primary
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

    /** Readiness asks for this: the primary, and never the replica. */
    @Bean
    HealthContributor dbHealthContributor(@Qualifier("writer") HikariDataSource writer) {
        return new DataSourceHealthIndicator(writer);
    }

    static Counter reads(MeterRegistry metrics, String database) {
        return Counter.builder("meridian.reads")
                .description("Reads of orders, by the database that answered")
                .tag("database", database)
                .register(metrics);
    }
}
