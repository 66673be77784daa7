package dev.meridian.orders.order.web;

import dev.meridian.local.Stack;
import dev.meridian.local.StackSettings;
import dev.meridian.orders.Tokens;
import java.nio.file.Path;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;

/** Points a test's service at backing services that no other test uses, so that it may hurt them. */
class OwnStack implements ApplicationContextInitializer<GenericApplicationContext> {

    @Override
    public void initialize(GenericApplicationContext context) {
        StackSettings settings = StackSettings.isolated(Path.of("target/stack-for-faults"));
        Stack stack = Stack.start(settings.withServices(false).withFresh(true), System.out::println);
        context.registerBean(Stack.class, () -> stack); // and closed after everything that uses it
        TestPropertyValues.of(
                        "meridian.postgres=" + stack.postgresHosts(),
                        "spring.kafka.bootstrap-servers=" + stack.kafkaBootstrapServers(),
                        "spring.data.redis.host=127.0.0.1",
                        "spring.data.redis.port=" + stack.redis().port(),
                        "meridian.issuer=" + Tokens.ISSUER,
                        "meridian.jwk-set-uri=" + Tokens.jwkSetUri(),
                        "management.server.port=0",
                        "eureka.client.enabled=false",
                        // A primary that is only slow, on a busy machine, is not what these tests mean by away.
                        "meridian.primary.query-timeout=3s")
                .applyTo(context);
    }
}
