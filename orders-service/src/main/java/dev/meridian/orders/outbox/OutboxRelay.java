package dev.meridian.orders.outbox;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Publishes the outbox to Kafka: at least once, and the events of one order in order. Every instance runs one; they
 * share the work by row locks and take over from each other without knowing of each other.
 *
 * <p>One transaction claims a batch, sends it, waits for the broker's acknowledgements and deletes what was
 * acknowledged. Whatever ends the process or its connection before the commit leaves the rows unclaimed for the next.
 * Only the oldest event of an order is ever claimed, so an order has no two events in flight, and its second is not
 * visible as the oldest before the first one's deletion has committed. See docs/adr/0001-outbox-relay.md.
 */
@Component
class OutboxRelay implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(OutboxRelay.class);

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final KafkaTemplate<String, String> kafka;
    private final Doorbell doorbell;
    private final OutboxSettings settings;
    private final Counter published;
    private volatile @Nullable Thread thread;

    OutboxRelay(
            JdbcClient jdbc,
            TransactionTemplate transaction,
            KafkaTemplate<String, String> kafka,
            Doorbell doorbell,
            OutboxSettings settings,
            MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.kafka = kafka;
        this.doorbell = doorbell;
        this.settings = settings;
        this.published = Counter.builder("meridian.outbox.published")
                .description("Events that the broker acknowledged")
                .register(metrics);
    }

    private record Row(
            long id,
            UUID orderId,
            String topic,
            String type,
            String payload,
            @Nullable String traceparent,
            OffsetDateTime createdAt) {

        /** As CloudEvents 1.0 binds an event to Kafka in binary mode. */
        ProducerRecord<String, String> message() {
            var message = new ProducerRecord<>(topic, orderId.toString(), payload);
            Headers headers = message.headers();
            add(headers, "ce_specversion", "1.0");
            add(headers, "ce_id", "orders-" + id);
            add(headers, "ce_source", "/orders-service");
            add(headers, "ce_type", type);
            add(headers, "ce_time", DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(createdAt));
            add(headers, "content-type", "application/json");
            if (traceparent != null) {
                add(headers, "traceparent", traceparent);
            }
            return message;
        }

        private static void add(Headers headers, String name, String value) {
            headers.add(name, value.getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * Publishes one batch.
     *
     * @return how many events were claimed; 0 where there is nothing to do
     * @throws CompletionException when the broker did not acknowledge all of them; those it did are done
     */
    int relay() {
        Throwable[] failure = new Throwable[1];
        Integer claimed = transaction.execute(status -> {
            // Losing this transaction's deletions publishes the events again, which "at least once" allows; a relay
            // that hangs loses its claim after the time-out, which is longer than a send may take. A plan made while
            // the outbox was empty, as it nearly always is, takes minutes for a backlog: it is made anew each time.
            jdbc.sql("""
                            SET LOCAL synchronous_commit = off;
                            SET LOCAL idle_in_transaction_session_timeout = '15s';
                            SET LOCAL plan_cache_mode = force_custom_plan""").update();
            List<Row> rows = claim();
            if (rows.isEmpty()) {
                return 0;
            }
            List<CompletableFuture<Long>> sends = new ArrayList<>(rows.size());
            for (Row row : rows) {
                sends.add(kafka.send(row.message()).thenApply(sent -> row.id));
            }
            List<Long> acknowledged = new ArrayList<>(rows.size());
            for (CompletableFuture<Long> send : sends) {
                try {
                    acknowledged.add(send.join()); // bounded by the producer's delivery time-out
                } catch (CompletionException e) {
                    failure[0] = e;
                }
            }
            jdbc.sql("DELETE FROM outbox WHERE id = ANY (?)")
                    .param(acknowledged.toArray(Long[]::new))
                    .update();
            published.increment(acknowledged.size());
            return rows.size();
        });
        if (failure[0] != null) {
            throw new CompletionException(failure[0].getCause());
        }
        return claimed == null ? 0 : claimed;
    }

    private List<Row> claim() {
        return jdbc.sql("""
                SELECT id, order_id, topic, type, payload, traceparent, created_at FROM outbox AS event
                WHERE NOT EXISTS (SELECT FROM outbox AS earlier
                                  WHERE earlier.order_id = event.order_id AND earlier.id < event.id)
                ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED""")
                .param(settings.batch())
                .query((row, n) -> new Row(
                        row.getLong("id"),
                        row.getObject("order_id", UUID.class),
                        row.getString("topic"),
                        row.getString("type"),
                        row.getString("payload"),
                        row.getString("traceparent"),
                        row.getObject("created_at", OffsetDateTime.class)))
                .list();
    }

    private void run() {
        boolean failing = false;
        while (!Thread.currentThread().isInterrupted()) {
            try {
                try {
                    int claimed = relay();
                    if (failing) {
                        log.info("The outbox flows again");
                        failing = false;
                    }
                    if (claimed < settings.batch()) {
                        doorbell.await(settings.poll());
                    }
                } catch (RuntimeException e) {
                    if (!failing) {
                        log.warn(
                                "The outbox is held up, and tried again every {}: {}",
                                settings.backoff(),
                                e.toString());
                        failing = true;
                    }
                    Thread.sleep(settings.backoff());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void start() {
        thread = Thread.ofPlatform().name("outbox-relay").start(this::run);
    }

    @Override
    public void stop() {
        Thread running = thread;
        thread = null;
        if (running != null) {
            running.interrupt();
            try {
                running.join(Duration.ofSeconds(10));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    /** Stops after the web server has: the last orders it took still leave with this instance. */
    @Override
    public int getPhase() {
        return 0;
    }
}
