package dev.meridian.orders.outbox;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.outbox.EventPublisher.Published;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Publishes the outbox, each event at least once. An event leaves straight from the memory of the instance that wrote
 * it, right after its commit; that reads nothing from the table. What does not leave so, since its instance died or had
 * no room, or since Kafka was away, is found in the table by any instance a few seconds later.
 */
@Component
class OutboxRelay implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(OutboxRelay.class);

    /** For so long after its creation an event belongs to the instance that wrote it. */
    private static final Duration YOUNG = Duration.ofSeconds(5);

    /** How soon the thread notices that it is to end. */
    private static final Duration IDLE = Duration.ofMillis(200);

    /** Long enough for one batch that Kafka does not acknowledge. */
    private static final Duration END = Duration.ofSeconds(12);

    /** Looks at the table take at most this part of the time, unless their pause would be longer than the longest. */
    private static final int ONE_IN = 20;

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    /**
     * A claim that is lost publishes its events again, which "at least once" allows, so that its commit need not wait
     * for the disk. A relay that hangs loses its claim after a time-out that is longer than a send may take.
     */
    private static final String CLAIM = "SELECT " + OutboxEvent.COLUMNS + """
            , (SELECT set_config('synchronous_commit', 'off', true)
                   || set_config('idle_in_transaction_session_timeout', '15s', true))
            FROM outbox WHERE created_at < now() - ? * interval '1 millisecond'
            ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED""";

    private static final String DELETE =
            "DELETE FROM outbox USING set_config('synchronous_commit', 'off', true) WHERE id = ANY (?)";

    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;
    private final EventPublisher publisher;
    private final OutboxSettings settings;
    private final Clock clock;
    private final BlockingQueue<List<OutboxEvent>> waiting;
    private final Counter published;
    private final Counter left;
    private final RetryBackOff backOff = new RetryBackOff(log, "Publishing the outbox");
    private long nextLookAt = System.nanoTime();
    private volatile @Nullable Thread thread;

    OutboxRelay(
            JdbcTemplate jdbc,
            TransactionTemplate transaction,
            EventPublisher publisher,
            OutboxSettings settings,
            Clock clock,
            MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.publisher = publisher;
        this.settings = settings;
        this.clock = clock;
        this.waiting = new ArrayBlockingQueue<>(settings.capacity());
        this.published = Counter.builder("meridian.outbox.published")
                .description("Events that left the outbox")
                .register(metrics);
        this.left = Counter.builder("meridian.outbox.left")
                .description("Events that did not leave from memory and were left in the table")
                .register(metrics);
    }

    /** Has events published whose rows have committed. Neither throws nor waits. */
    void offer(List<OutboxEvent> events) {
        if (!waiting.offer(events)) {
            left.increment(events.size());
        }
    }

    private void run() {
        try {
            while (isRunning() || !waiting.isEmpty()) {
                try {
                    publishWaiting();
                    if (isRunning() && System.nanoTime() - nextLookAt >= 0) {
                        publishLeft();
                    }
                } catch (RuntimeException e) {
                    Duration pause = backOff.failed(e);
                    if (!isRunning()) {
                        return; // what still waits is in the table
                    }
                    Thread.sleep(pause);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void publishWaiting() throws InterruptedException {
        long wait = Math.min(IDLE.toNanos(), nextLookAt - System.nanoTime());
        List<OutboxEvent> batch = new ArrayList<>();
        for (var next = waiting.poll(wait, TimeUnit.NANOSECONDS); next != null; next = waiting.poll()) {
            batch.addAll(next);
            if (batch.size() >= settings.batch()) {
                break;
            }
        }
        if (batch.isEmpty()) {
            return;
        }
        // Others may have taken over those that waited here for too long, as after a failure of Kafka.
        Instant young = clock.instant().minus(YOUNG);
        Published<OutboxEvent> sent = publish(
                batch.stream().filter(event -> event.createdAt().isAfter(young)).toList());
        left.increment(batch.size() - sent.acknowledged().size());
        sent.orThrow();
    }

    /**
     * Publishes one batch from the table. One transaction claims it, sends it, waits for the broker's acknowledgements
     * and deletes what was acknowledged; whatever ends it before its commit leaves the rows to the next claim.
     *
     * @return how many events were published
     * @throws EventPublisher.EventNotPublished where the broker did not acknowledge all of them; those it did are done
     */
    int publishLeft() {
        Published<OutboxEvent> sent = transaction.execute(status -> {
            long begun = System.nanoTime();
            List<OutboxEvent> events = claim();
            // A session that holds an old snapshot keeps dead rows alive, and a look walks over them.
            long pause = Math.clamp(
                    ONE_IN * (System.nanoTime() - begun), settings.poll().toNanos(), LONGEST_PAUSE.toNanos());
            nextLookAt = System.nanoTime() + (events.size() < settings.batch() ? pause : 0);
            return publish(events);
        });
        sent.orThrow(); // after the commit of what was acknowledged
        return sent.acknowledged().size();
    }

    private List<OutboxEvent> claim() {
        return jdbc.query(
                connection -> {
                    PreparedStatement claim = planned(connection, CLAIM);
                    claim.setLong(1, YOUNG.toMillis());
                    claim.setInt(2, settings.batch());
                    return claim;
                },
                OutboxEvent::read);
    }

    /** Sends the events and deletes those that arrived, outside a transaction by a commit of its own. */
    private Published<OutboxEvent> publish(List<OutboxEvent> events) {
        Published<OutboxEvent> sent = publisher.publish(events, OutboxEvent::message);
        if (!sent.acknowledged().isEmpty()) {
            Object[] ids = sent.acknowledged().stream().map(OutboxEvent::id).toArray();
            jdbc.update(connection -> {
                PreparedStatement delete = planned(connection, DELETE);
                delete.setArray(1, connection.createArrayOf("bigint", ids));
                return delete;
            });
            published.increment(ids.length);
            if (sent.failure() == null) {
                backOff.succeeded();
            }
        }
        return sent;
    }

    /**
     * A statement that is planned each time. The outbox is nearly always empty, and a plan that is kept from then takes
     * minutes for a backlog, or reads the whole table where dead rows pile up in it.
     */
    private static PreparedStatement planned(Connection connection, String sql) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        statement.unwrap(PGStatement.class).setPrepareThreshold(0);
        return statement;
    }

    @Override
    public void start() {
        if (isRunning()) {
            return;
        }
        Thread starting = Thread.ofPlatform().daemon().name("outbox-relay").unstarted(this::run);
        thread = starting;
        starting.start();
    }

    /** Publishes what waits in memory first. */
    @Override
    public void stop() {
        Thread running = thread;
        thread = null;
        if (running != null) {
            try {
                running.join(END);
                running.interrupt();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    /** It stops after the web server, so that the last orders leave with their instance. */
    @Override
    public int getPhase() {
        return 0;
    }
}
