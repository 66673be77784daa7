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
            batch = "true",
            properties = {"fetch.min.bytes=1", "fetch.max.wait.ms=500"}) // rare: gathering would only cost fetches
    void store(List<ConsumerRecord<String, byte[]>> records) {
        try {
            record Read(ConsumerRecord<String, byte[]> record, DeadLetterRecord letter) {}
            List<Read> read = new ArrayList<>();
            for (ConsumerRecord<String, byte[]> record : records) {
                FulfilmentDeadLetter letter = events.read(
                        record,
                        FulfilmentDeadLetter.TYPE,
                        FulfilmentDeadLetter.class,
                        unreadable -> read.add(new Read(record, DeadLetterRecord.of(unreadable))));
                if (letter != null) {
                    read.add(new Read(record, DeadLetterRecord.of(record, letter)));
                }
            }
            IncomingEvents.inHalves(
                    read,
                    some -> letters.add(some.stream().map(Read::letter).toList()),
                    (guilty, reason) -> letters.setAside(List.of(new UnreadableRecord(guilty.record(), reason))));
            backOff.succeeded();
        } catch (RuntimeException e) {
            backOff.failed(e);
            throw e;
        }
    }
}
