package dev.meridian.orders.deadletters;

import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;

/** Stores what the worker tells of records that it gave up. */
@Component
class DeadLetterListener {

    private final DeadLetters letters;
    private final IncomingEvents events;

    DeadLetterListener(DeadLetters letters, IncomingEvents events) {
        this.letters = letters;
        this.events = events;
    }

    /** The offsets are committed after the rows: what comes again is stored already. */
    @KafkaListener(
            id = "dead-letters",
            groupId = "orders-service.dead-letters",
            topics = "fulfilment.dead-letters",
            batch = "true")
    void store(List<ConsumerRecord<String, byte[]>> records) {
        events.handle(records, FulfilmentDeadLetter.TYPE, FulfilmentDeadLetter.class, letters::add);
    }
}
