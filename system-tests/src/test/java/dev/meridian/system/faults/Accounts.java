package dev.meridian.system.faults;

import dev.meridian.local.Stack;
import dev.meridian.system.faults.Call.State;
import dev.meridian.system.faults.Ledger.Payment;
import dev.meridian.system.faults.Ledger.StoredOrder;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads the ledger from the primary and from the broker. Both have to be there. */
final class Accounts {

    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String QUEUE = "fulfilment";
    private static final TopicPartition DEAD_LETTERS = new TopicPartition("fulfilment.dead-letters", 0);
    private static final String OUTCOMES = "orders-service.outcomes";

    private final Stack stack;
    private final String[] customers;
    private final Map<String, Long> stockBefore;
    private final long deadLettersBefore;

    private Accounts(Stack stack, Collection<String> customers) {
        this.stack = stack;
        this.customers = customers.toArray(String[]::new);
        this.stockBefore = stock();
        this.deadLettersBefore = endOfDeadLetters();
    }

    /** Takes stock; what the ledger tells later is held against that. */
    static Accounts open(Stack stack, Collection<String> customers) {
        return new Accounts(stack, customers);
    }

    /** Whether nothing is on its way any more; false where nobody tells. */
    boolean areSettled() {
        try {
            return isNothingOnItsWay();
        } catch (Unreadable e) {
            return false;
        }
    }

    private boolean isNothingOnItsWay() {
        return backlog().values().stream().allMatch(count -> count == 0)
                && rows(
                                        "orders",
                                        "SELECT count(*) FROM orders WHERE status = 'PLACED' AND customer = ANY (?)",
                                        row -> row.getLong(1))
                                .getFirst()
                        == 0;
    }

    Ledger ledger() {
        Map<UUID, Map<String, Integer>> lines = new HashMap<>();
        rows(
                "orders",
                "SELECT order_id, sku, sum(quantity)::int FROM order_lines JOIN orders ON id = order_id"
                        + " WHERE customer = ANY (?) GROUP BY order_id, sku",
                row -> lines.computeIfAbsent(row.getObject(1, UUID.class), any -> new TreeMap<>())
                        .put(row.getString(2), row.getInt(3)));
        Map<UUID, StoredOrder> orders = new HashMap<>();
        rows(
                "orders",
                "SELECT id, customer, status, version, total, payment_token FROM orders WHERE customer = ANY (?)",
                row -> {
                    UUID id = row.getObject(1, UUID.class);
                    return orders.put(
                            id,
                            new StoredOrder(
                                    id,
                                    row.getString(2),
                                    State.valueOf(row.getString(3)),
                                    row.getLong(4),
                                    row.getBigDecimal(5),
                                    row.getString(6),
                                    lines.getOrDefault(id, Map.of())));
                });
        Map<UUID, String> fulfilments = new HashMap<>();
        rows(
                "fulfilment",
                "SELECT order_id, status FROM fulfilment WHERE customer = ANY (?)",
                row -> fulfilments.put(row.getObject(1, UUID.class), row.getString(2)));
        Map<UUID, Map<String, Integer>> reservations = new HashMap<>();
        rows(
                "fulfilment",
                "SELECT order_id, sku, quantity FROM reservation JOIN fulfilment USING (order_id)"
                        + " WHERE customer = ANY (?)",
                row -> reservations
                        .computeIfAbsent(row.getObject(1, UUID.class), any -> new TreeMap<>())
                        .put(row.getString(2), row.getInt(3)));
        Map<UUID, Payment> payments = new HashMap<>();
        rows(
                "fulfilment",
                "SELECT order_id, coalesce(amount, 0), result FROM simulated_payment LEFT JOIN fulfilment USING (order_id)"
                        + " WHERE customer IS NULL OR customer = ANY (?)",
                row -> payments.put(
                        row.getObject(1, UUID.class),
                        new Payment(row.getBigDecimal(2), "CHARGED".equals(row.getString(3)))));
        return new Ledger(orders, fulfilments, reservations, payments, stockBefore, stock(), backlog(), deadLetters());
    }

    private Map<String, Long> stock() {
        Map<String, Long> stock = new TreeMap<>();
        rows(
                "fulfilment",
                "SELECT sku, available + coalesce((SELECT sum(quantity) FROM reservation r WHERE r.sku = stock.sku), 0)"
                        + " FROM stock WHERE ?::text[] IS NOT NULL",
                row -> stock.put(row.getString(1), row.getLong(2)));
        return stock;
    }

    private Map<String, Long> backlog() {
        Map<String, Long> backlog = new TreeMap<>();
        backlog.put(
                "the outbox",
                rows("orders", "SELECT count(*) FROM outbox WHERE ?::text[] IS NOT NULL", row -> row.getLong(1))
                        .getFirst());
        backlog.put("the queue", asked(admin -> {
            long lag = 0;
            for (SharePartitionOffsetInfo partition : admin.listShareGroupOffsets(
                            Map.of(QUEUE, new ListShareGroupOffsetsSpec()))
                    .partitionsToOffsetInfo(QUEUE)
                    .get(LIMIT.toSeconds(), TimeUnit.SECONDS)
                    .values()) {
                lag += partition == null ? 0 : partition.lag().orElse(0L);
            }
            return lag;
        }));
        backlog.put(
                "the worker's retries",
                rows("fulfilment", "SELECT count(*) FROM retry WHERE ?::text[] IS NOT NULL", row -> row.getLong(1))
                        .getFirst());
        backlog.put("the outcomes that orders-service has to apply", asked(admin -> {
            Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>(admin.listConsumerGroupOffsets(OUTCOMES)
                    .partitionsToOffsetAndMetadata()
                    .get(LIMIT.toSeconds(), TimeUnit.SECONDS));
            Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
            committed.keySet().forEach(partition -> latest.put(partition, OffsetSpec.latest()));
            long lag = 0;
            for (var end : admin.listOffsets(latest)
                    .all()
                    .get(LIMIT.toSeconds(), TimeUnit.SECONDS)
                    .entrySet()) {
                OffsetAndMetadata position = committed.get(end.getKey());
                lag += end.getValue().offset() - (position == null ? 0 : position.offset());
            }
            return lag;
        }));
        return backlog;
    }

    private long endOfDeadLetters() {
        return asked(admin -> admin.listOffsets(Map.of(DEAD_LETTERS, OffsetSpec.latest()))
                .partitionResult(DEAD_LETTERS)
                .get(LIMIT.toSeconds(), TimeUnit.SECONDS)
                .offset());
    }

    /** The orders of the dead letters since the beginning; a letter's key is the order's id. */
    private List<UUID> deadLetters() {
        List<UUID> orders = new ArrayList<>();
        long end = endOfDeadLetters();
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(
                stack.kafkaAdministrator(), new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(DEAD_LETTERS));
            consumer.seek(DEAD_LETTERS, deadLettersBefore);
            long giveUp = System.nanoTime() + LIMIT.toNanos();
            while (consumer.position(DEAD_LETTERS) < end && System.nanoTime() < giveUp) {
                for (ConsumerRecord<String, byte[]> letter : consumer.poll(Duration.ofMillis(200))) {
                    orders.add(UUID.fromString(letter.key()));
                }
            }
        }
        return orders;
    }

    /** A database or the broker does not tell. */
    static final class Unreadable extends RuntimeException {

        Unreadable(String what, Throwable cause) {
            super(what, cause);
        }
    }

    private interface Question<T> {
        T ask(Admin admin) throws ExecutionException, InterruptedException, TimeoutException;
    }

    private <T> T asked(Question<T> question) {
        try (Admin admin = Admin.create(stack.kafkaAdministrator())) {
            return question.ask(admin);
        } catch (ExecutionException | TimeoutException e) {
            throw new Unreadable("The broker does not tell", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** @param sql with the customers as its one parameter */
    private <T> List<T> rows(String database, String sql, Row<T> reader) {
        String url =
                "jdbc:postgresql://" + stack.postgresPrimary() + "/" + database + "?connectTimeout=5&socketTimeout=60";
        try (Connection connection = DriverManager.getConnection(url, database, database);
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, connection.createArrayOf("text", customers));
            List<T> result = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    result.add(reader.read(rows));
                }
            }
            return result;
        } catch (SQLException e) {
            throw new Unreadable(sql, e);
        }
    }
}
