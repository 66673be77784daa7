package dev.meridian.system.faults;

import dev.meridian.system.faults.Call.Reply;
import dev.meridian.system.faults.Call.Request;
import dev.meridian.system.faults.Call.Seen;
import dev.meridian.system.faults.Ledger.StoredOrder;
import java.time.Duration;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * A client that orders, reads, lists and cancels as its seed tells it, writes down each call, and does not give a wish
 * up before its time is over. Used by one thread at a time; {@link #recent} may be read by others.
 */
final class Shopper {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration READING_PATIENCE = Duration.ofSeconds(30);
    private static final int REMEMBERED = 50;
    private static final int PAGE = 20;

    private static final List<String> SKUS =
            List.of("TEA-001", "TEA-002", "TEA-003", "COF-001", "COF-002", "MUG-001", "POT-001");

    /** Few of it came in, so that customers meet at the last ones. */
    private static final String SCARCE = "LTD-001";

    private record Acknowledged(UUID order, String key, Basket basket) {}

    private final int number;
    private final Session session;
    private final History history;
    private final Random random;
    private final BooleanSupplier goesOn;
    private final Deque<Acknowledged> acknowledged = new ConcurrentLinkedDeque<>();
    private final Map<String, Basket> unknown = new LinkedHashMap<>();
    private int keys;

    /** @param goesOn false when no new wish is to be begun */
    Shopper(int number, Session session, History history, long seed, BooleanSupplier goesOn) {
        this.number = number;
        this.session = session;
        this.history = history;
        this.random = new Random(seed * 31 + number);
        this.goesOn = goesOn;
    }

    /** Its newest orders. */
    List<UUID> recent() {
        return acknowledged.stream().map(Acknowledged::order).toList();
    }

    /**
     * One thing after the other until told to stop.
     *
     * @param others orders of other customers
     */
    void shop(Supplier<List<UUID>> others) throws InterruptedException {
        while (goesOn.getAsBoolean()) {
            int dice = random.nextInt(100);
            if (dice < 35 || acknowledged.isEmpty()) {
                placeAndLook();
            } else if (dice < 62) {
                read(any().order);
            } else if (dice < 78) {
                list();
            } else if (dice < 84) {
                cancel(any().order);
            } else if (dice < 90) {
                List<UUID> orders = others.get();
                if (!orders.isEmpty()) {
                    readAnothers(orders.get(random.nextInt(orders.size())));
                }
            } else if (dice < 94) {
                reuse(any());
            } else {
                Acknowledged again = any();
                place(again.key, again.basket, PATIENCE);
            }
            Thread.sleep(random.nextInt(60, 260));
        }
    }

    private Acknowledged any() {
        List<Acknowledged> all = List.copyOf(acknowledged);
        // The newest ones are those that change.
        return all.get(random.nextInt(random.nextBoolean() ? Math.min(3, all.size()) : all.size()));
    }

    private void placeAndLook() throws InterruptedException {
        Basket basket = basket();
        String key = session.customer() + "-" + ++keys;
        unknown.put(key, basket);
        if (!place(key, basket, PATIENCE) || !goesOn.getAsBoolean()) {
            return;
        }
        UUID order = acknowledged.getFirst().order;
        if (random.nextInt(100) < 12) {
            cancel(order);
        }
        if (random.nextInt(100) < 50) {
            list();
        }
        for (int reads = random.nextInt(4); reads > 0; reads--) {
            read(order);
        }
    }

    private Basket basket() {
        Map<String, Integer> lines = new TreeMap<>();
        for (int line = random.nextInt(100) < 60 ? 1 : random.nextInt(2, 5); line > 0; line--) {
            lines.put(SKUS.get(random.nextInt(SKUS.size())), random.nextInt(1, 6));
        }
        if (random.nextInt(100) < 4) {
            lines.put(SCARCE, random.nextInt(1, 4));
        }
        int dice = random.nextInt(100);
        return new Basket(dice < 75 ? "tok_ok" : dice < 88 ? "tok_declined" : "tok_flaky", lines);
    }

    /** @return whether there is an answer with an order */
    private boolean place(String key, Basket basket, Duration patience) throws InterruptedException {
        return until(patience, true, () -> {
            Reply reply = call(
                    new Request.Place(key, basket),
                    () -> session.post("/api/orders", basket.json(), Map.of("Idempotency-Key", key)));
            if (reply instanceof Reply.Shown(int _, List<Seen> orders, boolean _)) {
                if (unknown.remove(key) != null) {
                    acknowledged.addFirst(new Acknowledged(orders.getFirst().order(), key, basket));
                    if (acknowledged.size() > REMEMBERED) {
                        acknowledged.removeLast();
                    }
                }
                return true;
            }
            return false;
        });
    }

    private void read(UUID order) throws InterruptedException {
        until(
                READING_PATIENCE,
                false,
                () -> isAnswer(call(new Request.Read(order), () -> session.get("/api/orders/" + order))));
    }

    private void list() throws InterruptedException {
        until(
                READING_PATIENCE,
                false,
                () -> isAnswer(call(new Request.ListOwn(PAGE), () -> session.get("/api/orders?limit=" + PAGE))));
    }

    private void readAnothers(UUID order) throws InterruptedException {
        until(
                READING_PATIENCE,
                false,
                () -> isAnswer(call(new Request.ReadOfAnothers(order), () -> session.get("/api/orders/" + order))));
    }

    private void cancel(UUID order) throws InterruptedException {
        until(
                PATIENCE,
                true,
                () -> isAnswer(call(
                        new Request.Cancel(order),
                        () -> session.post("/api/orders/" + order + "/cancellation", "", Map.of()))));
    }

    private void reuse(Acknowledged order) throws InterruptedException {
        Basket other = order.basket.withOneMore();
        until(
                PATIENCE,
                true,
                () -> isAnswer(call(
                        new Request.Reuse(order.key, other),
                        () -> session.post("/api/orders", other.json(), Map.of("Idempotency-Key", order.key)))));
    }

    /** Whether the service knows cancellation, asked with an order that nobody has. */
    static boolean isCancellationOffered(Session session) {
        return session.post("/api/orders/00000000-0000-7000-8000-000000000000/cancellation", "", Map.of())
                        instanceof Reply.Refused(int _, String problem)
                && problem.equals("no-such-order");
    }

    /** Sends what was never answered again, so that it is known what became of it. */
    void resolve(Duration patience) throws InterruptedException {
        Duration end = history.now().plus(patience);
        for (Map.Entry<String, Basket> attempt : new LinkedHashMap<>(unknown).entrySet()) {
            place(attempt.getKey(), attempt.getValue(), end.minus(history.now()));
        }
    }

    /** Reads its newest orders until they are shown as they are stored, or its patience ends. */
    void readFinally(Collection<StoredOrder> stored, Duration patience) throws InterruptedException {
        Map<UUID, StoredOrder> orders = new HashMap<>();
        stored.forEach(order -> orders.put(order.id(), order));
        Duration end = history.now().plus(patience);
        for (UUID id : recent()) {
            StoredOrder order = orders.get(id);
            until(end.minus(history.now()), false, () -> {
                Reply reply = call(new Request.FinalRead(id), () -> session.get("/api/orders/" + id));
                return order == null
                        || reply instanceof Reply.Shown(int _, List<Seen> seen, boolean _)
                                && seen.equals(List.of(new Seen(id, order.version(), order.state())));
            });
        }
    }

    private interface Attempt {
        boolean succeeds() throws InterruptedException;
    }

    private boolean until(Duration patience, boolean write, Attempt attempt) throws InterruptedException {
        Duration start = history.now();
        boolean answered = false;
        for (int attempts = 0; ; attempts++) {
            answered = session.isSignedIn() && attempt.succeeds();
            if (answered || history.now().minus(start).compareTo(patience) > 0) {
                break;
            }
            int most = Math.min(1_000, 50 << Math.min(attempts, 5));
            Thread.sleep(random.nextInt(most / 2, most));
        }
        history.add(new History.Wish(number, write, start, history.now(), answered));
        return answered;
    }

    private static boolean isAnswer(Reply reply) {
        return switch (reply) {
            case Reply.Shown _ -> true;
            case Reply.Refused(int status, String problem) ->
                status < 500 && status != 401 && status != 429 && !problem.equals("idempotency-key-in-use");
            case Reply.Silence _ -> false;
        };
    }

    private Reply call(Request request, Supplier<Reply> send) {
        Duration start = history.now();
        Reply reply = send.get();
        history.add(new Call(number, session.customer(), start, history.now(), request, reply));
        return reply;
    }
}
