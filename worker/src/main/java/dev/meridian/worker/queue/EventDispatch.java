package dev.meridian.worker.queue;

import dev.meridian.worker.queue.EventBatchHandler.OrderEvent;
import dev.meridian.worker.queue.EventBatchHandler.Received;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Reads records as events and takes them to their handlers. */
@Component
class EventDispatch {

    private static final Logger log = LoggerFactory.getLogger(EventDispatch.class);

    private final Map<String, EventBatchHandler<?>> handlers;
    private final JsonMapper json;
    private final RetryTable retries;
    private final MeterRegistry meters;

    EventDispatch(List<EventBatchHandler<?>> handlers, JsonMapper json, RetryTable retries, MeterRegistry meters) {
        this.handlers = handlers.stream()
                .collect(Collectors.toMap(handler -> handler.source().topic(), Function.identity()));
        this.json = json;
        this.retries = retries;
        this.meters = meters;
    }

    /**
     * Handles the records. Of several events for one order the first is handled, and stands for all.
     *
     * @param records of one topic
     * @param deadline of {@link System#nanoTime()}, after which a batch that fails is not taken apart any further
     * @return what failed; all else is done with
     * @throws DependencyUnavailable when nothing can be handled now, these records or others
     */
    List<Failure> dispatch(List<QueuedRecord> records, long deadline) {
        EventBatchHandler<?> handler =
                Objects.requireNonNull(handlers.get(records.getFirst().topic()));
        return dispatch(handler, records, deadline);
    }

    private <E extends OrderEvent> List<Failure> dispatch(
            EventBatchHandler<E> handler, List<QueuedRecord> records, long deadline) {
        String type = handler.source().type();
        List<Failure> failures = new ArrayList<>();
        List<Received<E>> events = new ArrayList<>();
        Map<UUID, QueuedRecord> sources = new LinkedHashMap<>();
        for (QueuedRecord record : records) {
            if (record.type() == null) {
                failures.add(new Failure(record, null, "no ce_type"));
            } else if (!record.type().equals(type)) {
                // An event of a newer version of its writer: not for this worker, and no reason to stop.
                log.warn("Passed over {}: unknown type {}", record.position(), Failure.oneLine(record.type()));
                meters.counter("meridian.queue.unknown.types").increment();
            } else {
                try {
                    E event = read(record, handler.source().event());
                    if (sources.putIfAbsent(event.orderId(), record) == null) {
                        events.add(new Received<>(event, record.traceparent()));
                    }
                } catch (RuntimeException e) {
                    failures.add(new Failure(record, null, e.toString()));
                }
            }
        }
        if (!events.isEmpty()) {
            Timer.Sample sample = Timer.start(meters);
            Map<UUID, String> failed = handle(handler, events, deadline);
            sample.stop(meters.timer("meridian.queue.handling", "type", type));
            sources.forEach((orderId, record) -> {
                String reason = failed.get(orderId);
                if (reason != null) {
                    failures.add(new Failure(record, orderId, reason));
                }
            });
        }
        return failures;
    }

    private <E extends OrderEvent> E read(QueuedRecord record, Class<E> type) {
        E event = record.value() == null ? null : json.readValue(record.value(), type);
        if (event == null) {
            throw new IllegalArgumentException("no value");
        }
        return event;
    }

    /** A failure that the database does not share is caused by one of the events: they are parted until it is alone. */
    private <E extends OrderEvent> Map<UUID, String> handle(
            EventBatchHandler<E> handler, List<Received<E>> events, long deadline) {
        try {
            return handler.handle(events);
        } catch (DependencyUnavailable e) {
            throw e;
        } catch (RuntimeException e) {
            if (!retries.isWritable() || (events.size() > 1 && System.nanoTime() - deadline > 0)) {
                throw new DependencyUnavailable("the database cannot be written to, or not in time", e);
            }
            if (events.size() == 1) {
                log.debug("An event failed", e);
                return Map.of(events.getFirst().event().orderId(), e.toString());
            }
            log.warn("A batch of {} failed and is tried again in halves: {}", events.size(), e.toString());
            int half = events.size() / 2;
            Map<UUID, String> failed = new HashMap<>(handle(handler, events.subList(0, half), deadline));
            failed.putAll(handle(handler, events.subList(half, events.size()), deadline));
            return failed;
        }
    }
}
