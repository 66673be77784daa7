package dev.meridian.orders.counterexample;

import org.springframework.http.HttpStatus;
import org.springframework.kafka.core.KafkaTemplate;

/** A value that answers HTTP and sends itself. */
public record EventWithLogic(String payload, HttpStatus status, KafkaTemplate<String, String> kafka) {

    void send() {
        kafka.send("topic", payload);
    }
}
