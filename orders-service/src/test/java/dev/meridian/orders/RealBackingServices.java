package dev.meridian.orders;

import dev.meridian.local.BackingServices;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/** Points a test's service at the tests' PostgreSQL, Kafka and Redis, and at the tests' token issuer. */
public class RealBackingServices implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        BackingServices real = BackingServices.shared();
        TestPropertyValues.of(
                        "meridian.postgres=" + real.postgresHosts(),
                        "spring.kafka.bootstrap-servers=" + real.kafkaBootstrapServers(),
                        "spring.data.redis.host=" + real.redisHost(),
                        "spring.data.redis.port=" + real.redisPort(),
                        // Not what is tested here, and the machine of a build may be busy.
                        "spring.data.redis.timeout=5s",
                        "meridian.primary.query-timeout=10s",
                        "meridian.replica.max-lag=1m",
                        "meridian.issuer=" + Tokens.ISSUER,
                        "meridian.jwk-set-uri=" + Tokens.jwkSetUri(),
                        // What a test leaves behind, or made look old, stays as it is.
                        "meridian.reemission.after=1d",
                        "management.server.port=0",
                        "eureka.client.enabled=false")
                .applyTo(context);
    }
}
