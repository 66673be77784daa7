package dev.meridian.worker;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A record that no well-behaved writer sends.
 *
 * @param isDead whether it must end as a dead letter, under its key
 */
record OddRecord(ProducerRecord<String, byte[]> record, boolean isDead) {

    private enum Kind {
        NO_VALUE,
        NO_HEADERS,
        TYPE_WITHOUT_VALUE,
        TYPE_WITH_NUL,
        TRACE_WITH_NUL,
        TRACE_WITHOUT_VALUE,
        WRONG_TYPES,
        WRONG_FIELDS,
        CUT_OFF,
        NOISE,
        HUGE_NOISE,
        HUGE_CUSTOMER,
        NUL_IN_TEXT,
        AMOUNT_OUT_OF_RANGE,
        QUANTITY_OUT_OF_RANGE,
        DEEP,
        NO_KEY,
        ODD_KEY,
        UNKNOWN_ORDER,
        REPEATED
    }

    /** @param orders some that were placed */
    static OddRecord any(Random random, String topic, List<UUID> orders) {
        UUID order = UUID.randomUUID();
        String key = order.toString();
        boolean placed = topic.equals("orders.placed");
        Kind[] kinds = Kind.values();
        return switch (kinds[random.nextInt(kinds.length)]) {
            case NO_VALUE -> dead(record(topic, key, null));
            case NO_HEADERS -> dead(new ProducerRecord<>(topic, key, valid(topic, order)));
            case TYPE_WITHOUT_VALUE -> dead(with(record(topic, key, valid(topic, order)), "ce_type", null));
            case TYPE_WITH_NUL ->
                alive(with(
                        record(topic, key, valid(topic, order)), "ce_type", bytes("dev.meridian\u0000.order.placed")));
            case TRACE_WITH_NUL ->
                alive(with(record(topic, key, valid(topic, order)), "traceparent", bytes("00-4bf92f3577b34da6\u0000")));
            case TRACE_WITHOUT_VALUE -> alive(with(record(topic, key, valid(topic, order)), "traceparent", null));
            case WRONG_TYPES ->
                dead(
                        record(
                                topic,
                                key,
                                bytes(
                                        "{\"orderId\":[17],\"customer\":{},\"placedAt\":true,\"cancelledAt\":[],\"lines\":\"none\"}")));
            case WRONG_FIELDS -> dead(record(topic, key, bytes("{\"orderId\":\"" + key + "\",\"customer\":null}")));
            case CUT_OFF -> {
                byte[] whole = valid(topic, order);
                yield dead(record(topic, key, Arrays.copyOf(whole, 1 + random.nextInt(whole.length / 2))));
            }
            case NOISE -> dead(record(topic, key, noise(random, 1 + random.nextInt(200))));
            case HUGE_NOISE -> dead(record(topic, key, noise(random, 900_000)));
            case HUGE_CUSTOMER -> alive(replaced(topic, order, "alice", "a".repeat(300_000)));
            // Only the database refuses it.
            case NUL_IN_TEXT ->
                placed
                        ? dead(replaced(topic, order, "alice", "al\\u0000ice"))
                        : alive(replaced(topic, order, "alice", "bob"));
            case AMOUNT_OUT_OF_RANGE ->
                placed
                        ? dead(replaced(topic, order, "\"24.00\"", "1E+1000000000"))
                        : alive(record(topic, key, valid(topic, order)));
            case QUANTITY_OUT_OF_RANGE ->
                placed
                        ? dead(replaced(topic, order, "\"quantity\":2", "\"quantity\":99999999999999"))
                        : alive(record(topic, key, valid(topic, order)));
            case DEEP -> dead(record(topic, key, bytes("{\"lines\":" + "[".repeat(50_000))));
            case NO_KEY -> alive(record(topic, null, noise(random, 20)));
            case ODD_KEY -> alive(record(topic, "\u0000" + "k".repeat(100_000), noise(random, 20)));
            case UNKNOWN_ORDER -> alive(record(topic, key, valid(topic, order)));
            case REPEATED ->
                placed
                        ? alive(record(topic, key, valid(topic, orders.get(random.nextInt(orders.size())))))
                        : alive(record(topic, key, valid(topic, order)));
        };
    }

    private static OddRecord dead(ProducerRecord<String, byte[]> record) {
        return new OddRecord(record, true);
    }

    private static OddRecord alive(ProducerRecord<String, byte[]> record) {
        return new OddRecord(record, false);
    }

    private static ProducerRecord<String, byte[]> record(String topic, @Nullable String key, byte @Nullable [] value) {
        return RunningWorker.record(
                topic,
                key,
                value,
                topic.equals("orders.placed") ? "dev.meridian.order.placed" : "dev.meridian.order.cancelled");
    }

    private static ProducerRecord<String, byte[]> with(
            ProducerRecord<String, byte[]> record, String header, byte @Nullable [] value) {
        record.headers().remove(header).add(header, value);
        return record;
    }

    private static ProducerRecord<String, byte[]> replaced(String topic, UUID order, String text, String replacement) {
        String event = new String(valid(topic, order), StandardCharsets.UTF_8);
        return record(topic, order.toString(), bytes(event.replace(text, replacement)));
    }

    private static byte[] valid(String topic, UUID order) {
        return topic.equals("orders.placed")
                ? RunningWorker.event(order, "tok_ok", "")
                : RunningWorker.cancellation(order.toString(), "");
    }

    private static byte[] noise(Random random, int length) {
        byte[] noise = new byte[length];
        random.nextBytes(noise);
        return noise;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
