package dev.meridian.orders.deadletters;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.outbox.CloudEvents;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Handles the events of a topic so that no record can stop the ones behind it. */
@Component
public class IncomingEvents {

    private static final Logger log = LoggerFactory.getLogger(IncomingEvents.class);

    private final DeadLetters letters;
    private final JsonMapper json;
    private final MeterRegistry metrics;
    private final Map<String, RetryBackOff> backOffs = new ConcurrentHashMap<>();

    IncomingEvents(DeadLetters letters, JsonMapper json, MeterRegistry metrics) {
        this.letters = letters;
        this.json = json;
        this.metrics = metrics;
    }

    /** An event, and the record that it came in. */
    public record Received<E>(ConsumerRecord<String, byte[]> record, E event) {}

    /**
     * Reads a batch of records and has their events handled. A record that is no event is set aside; one of another type
     * is passed over and counted. Where the database refuses the data of the events, or what it holds makes no sense,
     * each half of them is handled by itself, until the guilty one is alone and is set aside. Any other failure is thrown
     * on, for the batch to be tried again.
     *
     * @param type the CloudEvents type that is expected
     * @param as how an event's value is read
     * @param work may be done again for events that it has handled
     */
    public <E> void handle(
            List<ConsumerRecord<String, byte[]>> records, String type, Class<E> as, Consumer<List<Received<E>>> work) {
        RetryBackOff backOff = backOffs.computeIfAbsent(type, known -> new RetryBackOff(log, "Handling " + known));
        try {
            List<Received<E>> events = new ArrayList<>(records.size());
            for (ConsumerRecord<String, byte[]> record : records) {
                E event = read(record, type, as);
                if (event != null) {
                    events.add(new Received<>(record, event));
                }
            }
            inHalves(events, work);
            backOff.succeeded();
        } catch (RuntimeException e) {
            backOff.failed(e);
            throw e;
        }
    }

    private <E> @Nullable E read(ConsumerRecord<String, byte[]> record, String type, Class<E> as) {
        String found = CloudEvents.type(record);
        if (found == null) {
            letters.setAside(record, "It has no ce_type");
            return null;
        }
        if (!found.equals(type)) {
            metrics.counter("meridian.records.passed.over", "topic", record.topic())
                    .increment();
            return null;
        }
        E event = null;
        String reason = "It has no value";
        try {
            event = record.value() == null ? null : json.readValue(record.value(), as);
        } catch (RuntimeException e) { // nothing but the record plays a part in reading it
            reason = String.valueOf(e instanceof JacksonException read ? read.getOriginalMessage() : e);
        }
        if (event == null) {
            letters.setAside(record, reason);
        }
        return event;
    }

    private <E> void inHalves(List<Received<E>> events, Consumer<List<Received<E>>> work) {
        if (events.isEmpty()) {
            return;
        }
        try {
            work.accept(events);
        } catch (DataIntegrityViolationException | IllegalArgumentException e) {
            if (events.size() == 1) {
                String all = String.valueOf(
                        NestedExceptionUtils.getMostSpecificCause(e).getMessage());
                // The other lines hold the row.
                letters.setAside(
                        events.getFirst().record(), all.lines().findFirst().orElse(""));
            } else {
                int half = events.size() / 2;
                inHalves(events.subList(0, half), work);
                inHalves(events.subList(half, events.size()), work);
            }
        }
    }
}
