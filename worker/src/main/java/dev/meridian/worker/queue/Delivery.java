package dev.meridian.worker.queue;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.support.micrometer.KafkaRecordReceiverContext;
import org.springframework.stereotype.Component;

/** Takes a record to its handler and turns what comes of it into the answer to the broker. */
@Component
class Delivery {

    private static final Logger log = LoggerFactory.getLogger(Delivery.class);

    /** Of so many events the failures are remembered; of more, the broker's limit of deliveries is the only one. */
    private static final int MOST_FAILING = 10_000;

    private final Map<String, EventHandler> handlers;
    private final QueueSettings settings;
    private final MeterRegistry meters;
    private final ObservationRegistry observations;

    private final Map<String, Integer> failures = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
            return size() > MOST_FAILING;
        }
    });
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Map<String, AtomicInteger> resting;
    private final AtomicInteger heldUp;

    Delivery(
            List<EventHandler> handlers,
            QueueSettings settings,
            MeterRegistry meters,
            ObservationRegistry observations) {
        this.handlers = handlers.stream().collect(Collectors.toMap(EventHandler::type, Function.identity()));
        this.settings = settings;
        this.meters = meters;
        this.observations = observations;
        this.resting = handlers.stream()
                .map(EventHandler::topic)
                .distinct()
                .collect(Collectors.toMap(Function.identity(), topic -> resting(topic, meters)));
        this.heldUp = meters.gauge("meridian.queue.held.up", new AtomicInteger());
    }

    private static AtomicInteger resting(String topic, MeterRegistry meters) {
        var count = new AtomicInteger();
        meters.gauge("meridian.queue.resting", Tags.of("topic", topic), count);
        return count;
    }

    /** How many failed events of the topic rest just now, each on a consumer that takes nothing else meanwhile. */
    int resting(String topic) {
        return of(topic).get();
    }

    private AtomicInteger of(String topic) {
        return Objects.requireNonNull(resting.get(topic), topic);
    }

    /** Ends all waiting: what fails from now on is released at once. */
    void stop() {
        stopping.countDown();
    }

    /** Blocks until the record is handled, or may be delivered again. Never throws, whatever the record holds. */
    AcknowledgeType deliver(ConsumerRecord<String, byte[]> record) {
        AcknowledgeType answer = answer(record);
        meters.counter("meridian.queue.deliveries", "answer", answer.name().toLowerCase(Locale.ROOT))
                .increment();
        return answer;
    }

    private AcknowledgeType answer(ConsumerRecord<String, byte[]> record) {
        String type = header(record, "ce_type");
        EventHandler handler = type == null ? null : handlers.get(type);
        try {
            if (type == null || record.value() == null) {
                throw new UnreadableEvent(type == null ? "no ce_type" : "no value");
            }
            if (handler == null) {
                // Somebody's newer event: not for this version of the worker, and no reason to stop.
                log.warn("Passed over {}: unknown type {}", position(record), type);
                meters.counter("meridian.queue.unknown.types").increment();
                return AcknowledgeType.ACCEPT;
            }
            handle(handler, record);
            failures.remove(position(record));
            return AcknowledgeType.ACCEPT;
        } catch (UnreadableEvent e) {
            log.error("Rejected {}: {}", position(record), oneLine(e));
            return AcknowledgeType.REJECT;
        } catch (RuntimeException e) {
            return failed(record, e);
        }
    }

    private void handle(EventHandler handler, ConsumerRecord<String, byte[]> record) {
        for (int attempt = 1; ; attempt++) {
            try {
                observation(handler, record).observe(() -> handler.handle(record));
                return;
            } catch (RuntimeException e) {
                if (!Outage.is(e) || stopping.getCount() == 0) {
                    throw e;
                }
                if (attempt == 1) {
                    log.warn("Holding {} until this is over: {}", position(record), oneLine(e));
                }
                pause(heldUp, settings.outageDelay());
            }
        }
    }

    private AcknowledgeType failed(ConsumerRecord<String, byte[]> record, RuntimeException failure) {
        String position = position(record);
        int count = failures.merge(position, 1, Integer::sum);
        log.debug("Failure of {}", position, failure);
        if (count >= settings.failures()) {
            failures.remove(position);
            log.error("Gave up {} after {} failures: {}", position, count, oneLine(failure));
            return AcknowledgeType.REJECT;
        }
        Duration delay = settings.delayAfter(count);
        log.warn(
                "Failure {} of {} at delivery {}, rests {} ms: {}",
                count,
                position,
                record.deliveryCount().orElse((short) 1),
                delay.toMillis(),
                oneLine(failure));
        pause(of(record.topic()), delay);
        return AcknowledgeType.RELEASE;
    }

    private void pause(AtomicInteger gauge, Duration duration) {
        gauge.incrementAndGet();
        try {
            boolean ignored = stopping.await(duration.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            gauge.decrementAndGet();
        }
    }

    /** Times the handling, and continues the trace of the record's traceparent. */
    private Observation observation(EventHandler handler, ConsumerRecord<String, byte[]> record) {
        return Observation.createNotStarted(
                        "meridian.queue.handling",
                        () -> new KafkaRecordReceiverContext(record, settings.group(), () -> ""),
                        observations)
                .contextualName(record.topic() + " process")
                .lowCardinalityKeyValue("type", handler.type());
    }

    private static @Nullable String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        String value =
                header == null || header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
        return value.isBlank() ? null : value;
    }

    private static String position(ConsumerRecord<?, ?> record) {
        return record.topic() + "-" + record.partition() + "@" + record.offset();
    }

    private static String oneLine(Throwable failure) {
        return failure.toString().lines().findFirst().orElse("");
    }
}
