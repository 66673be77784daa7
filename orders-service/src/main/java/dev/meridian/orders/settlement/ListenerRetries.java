package dev.meridian.orders.settlement;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.listener.CommonErrorHandler;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.util.backoff.ExponentialBackOff;

@Configuration(proxyBeanMethods = false)
class ListenerRetries {

    /**
     * A batch whose transaction failed is tried again until it succeeds: what cannot be read has been passed over
     * before, so what fails here is the database, and giving up would lose outcomes. The pause grows to five seconds.
     */
    @Bean
    CommonErrorHandler retryUntilTheDatabaseIsBack() {
        var backOff = new ExponentialBackOff(200, 2);
        backOff.setMaxInterval(5_000);
        backOff.setMaxElapsedTime(Long.MAX_VALUE);
        return new DefaultErrorHandler(backOff);
    }
}
