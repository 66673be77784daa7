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

/** The replica's pool, which only {@link Replica} has. Everything else is on the primary, by Spring Boot's own pool. */
@Configuration(proxyBeanMethods = false)
class DataSources {

    @Bean(defaultCandidate = false)
    @Qualifier("reader")
    @ConfigurationProperties("meridian.replica.hikari")
    HikariDataSource reader(DataSourceProperties properties, ReplicaSettings settings) {
        return properties
                .initializeDataSourceBuilder()
                .type(HikariDataSource.class)
                .url(settings.url())
                .build();
    }

    /** Readiness asks for this: the primary, and never the replica. */
    @Bean
    HealthContributor dbHealthContributor(HikariDataSource primary) {
        return new DataSourceHealthIndicator(primary);
    }

    static Counter reads(MeterRegistry metrics, String database) {
        return Counter.builder("meridian.reads")
                .description("Reads of orders, by the database that answered")
                .tag("database", database)
                .register(metrics);
    }
}
