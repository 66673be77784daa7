package dev.meridian.orders;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.KafkaException;
import org.springframework.kafka.listener.CommonErrorHandler;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.util.backoff.ExponentialBackOff;

@Configuration(proxyBeanMethods = false)
class ListenerRetries {

    /**
     * A batch that failed is tried again until it succeeds: listeners set aside what cannot be read, so what fails here
     * is the database or the broker, and giving up would lose events. The listeners log it themselves.
     */
    @Bean
    CommonErrorHandler retryUntilItSucceeds() {
        var backOff = new ExponentialBackOff(200, 2);
        backOff.setMaxInterval(RetryBackOff.LONGEST.toMillis());
        backOff.setMaxElapsedTime(Long.MAX_VALUE);
        var handler = new DefaultErrorHandler(backOff);
        handler.setLogLevel(KafkaException.Level.DEBUG);
        return handler;
    }
}
