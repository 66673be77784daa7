package dev.meridian.orders.deadletters;

import dev.meridian.orders.outbox.CloudEvents;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Reads the events of a topic so that no record can stop the ones behind it. */
@Component
public class IncomingEvents {

    private final JsonMapper json;
    private final MeterRegistry metrics;

    IncomingEvents(JsonMapper json, MeterRegistry metrics) {
        this.json = json;
        this.metrics = metrics;
    }

    /**
     * @param type the CloudEvents type that is expected; an event of another type is passed over and counted
     * @param as how the event's value is read
     * @param unreadable takes the record where it is no event
     * @return null where there is nothing to be handled
     */
    public <E> @Nullable E read(
            ConsumerRecord<String, byte[]> record, String type, Class<E> as, Consumer<UnreadableRecord> unreadable) {
        String found = CloudEvents.type(record);
        if (found == null) {
            unreadable.accept(new UnreadableRecord(record, "It has no ce_type"));
            return null;
        }
        if (!found.equals(type)) {
            metrics.counter("meridian.records.passed.over", "topic", record.topic())
                    .increment();
            return null;
        }
        try {
            E event = record.value() == null ? null : json.readValue(record.value(), as);
            if (event == null) {
                unreadable.accept(new UnreadableRecord(record, "It has no value"));
            }
            return event;
        } catch (RuntimeException e) { // nothing but the record plays a part in reading it
            String reason = e instanceof JacksonException read ? read.getOriginalMessage() : e.toString();
            unreadable.accept(new UnreadableRecord(record, String.valueOf(reason)));
            return null;
        }
    }

    /**
     * Does the work for all together; where the database refuses their data or what it holds makes no sense, for each
     * half, until the guilty one is alone.
     *
     * @param guilty takes that one, and why
     */
    public static <T> void inHalves(List<T> batch, Consumer<List<T>> work, BiConsumer<T, String> guilty) {
        if (batch.isEmpty()) {
            return;
        }
        try {
            work.accept(batch);
        } catch (DataIntegrityViolationException | IllegalArgumentException e) {
            if (batch.size() == 1) {
                String all = String.valueOf(
                        NestedExceptionUtils.getMostSpecificCause(e).getMessage());
                guilty.accept(batch.getFirst(), all.lines().findFirst().orElse("")); // the others hold the row
            } else {
                int half = batch.size() / 2;
                inHalves(batch.subList(0, half), work, guilty);
                inHalves(batch.subList(half, batch.size()), work, guilty);
            }
        }
    }
}
