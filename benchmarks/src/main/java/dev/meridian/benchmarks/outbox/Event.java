package dev.meridian.benchmarks.outbox;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** The {@code sequence}-th event, from 0, of the order {@code key}. */
record Event(UUID key, int sequence) {
    private static final String SEQUENCE = "{\"sequence\":";

    /** So many events; every order has two, and they lie far apart. */
    static List<Event> pairs(int count) {
        var keys = Stream.generate(UUID::randomUUID).limit(count / 2).toList();
        var events = new ArrayList<Event>(count);
        for (int sequence = 0; sequence < 2; sequence++) {
            for (var key : keys) {
                events.add(new Event(key, sequence));
            }
        }
        return events;
    }

    /** About as long as the event of an order placed. */
    String json() {
        return SEQUENCE + """
                %d,"orderId":"%s","customer":"alice","placedAt":"2026-01-01T00:00:00Z",\
                "lines":[{"sku":"TEA-001","quantity":2},{"sku":"MUG-001","quantity":1}],\
                "total":{"amount":"33.90","currency":"EUR"},"paymentToken":"tok_ok"}""".formatted(sequence, key);
    }

    /** Reads what {@link #json} wrote, and any other event as the first of its order. */
    static Event of(String key, String json) {
        var sequence = json.startsWith(SEQUENCE)
                ? Integer.parseInt(json, SEQUENCE.length(), json.indexOf(',', SEQUENCE.length()), 10)
                : 0;
        return new Event(UUID.fromString(key), sequence);
    }
}
