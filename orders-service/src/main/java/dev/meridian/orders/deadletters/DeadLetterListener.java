package dev.meridian.orders.deadletters;

import dev.meridian.orders.RetryBackOff;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;

/** Stores what the worker tells of records that it gave up. */
@Component
class DeadLetterListener {

    private static final Logger log = LoggerFactory.getLogger(DeadLetterListener.class);

    private final DeadLetters letters;
    private final IncomingEvents events;
    private final RetryBackOff backOff = new RetryBackOff(log, "Storing dead letters");

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
        try {
            List<UnreadableRecord> unreadable = new ArrayList<>();
            List<DeadLetters.Received> read = new ArrayList<>();
            for (ConsumerRecord<String, byte[]> record : records) {
                FulfilmentDeadLetter letter =
                        events.read(record, FulfilmentDeadLetter.TYPE, FulfilmentDeadLetter.class, unreadable::add);
                if (letter != null) {
                    read.add(new DeadLetters.Received(record, letter));
                }
            }
            IncomingEvents.inHalves(
                    read,
                    letters::add,
                    (guilty, reason) -> unreadable.add(new UnreadableRecord(guilty.record(), reason)));
            letters.setAside(unreadable);
            backOff.succeeded();
        } catch (RuntimeException e) {
            backOff.failed(e);
            throw e;
        }
    }
}
