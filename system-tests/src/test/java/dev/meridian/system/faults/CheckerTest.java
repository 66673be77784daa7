package dev.meridian.system.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.system.faults.Call.Reply;
import dev.meridian.system.faults.Call.Request;
import dev.meridian.system.faults.Call.Seen;
import dev.meridian.system.faults.Call.State;
import dev.meridian.system.faults.Ledger.Payment;
import dev.meridian.system.faults.Ledger.StoredOrder;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each rule has stories that break it, and it alone where the story allows that. */
class CheckerTest {

    private static final UUID FIRST = UUID.fromString("01900000-0000-7000-8000-000000000001");
    private static final UUID SECOND = UUID.fromString("01900000-0000-7000-8000-000000000002");
    private static final UUID THIRD = UUID.fromString("01900000-0000-7000-8000-000000000003");
    private static final Basket TEA = new Basket("tok_ok", Map.of("TEA-001", 2));

    @Test
    void aStoryThatKeepsEveryPromiseIsFoundToDoSo() {
        assertThat(brokenBy(story -> {})).isEmpty();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource
    void aBrokenPromiseIsFound(String promise, String how, Consumer<Story> change) {
        assertThat(brokenBy(change)).as(how).contains(promise);
    }

    static Stream<Arguments> aBrokenPromiseIsFound() {
        String exists = "Every acknowledged order exists, once, as it was ordered";
        String oneEach = "A key gets one order, and an order has one key";
        String nobody = "No order exists that nobody asked for";
        String answered = "Every attempt to order is answered in the end";
        String reused = "A key is refused for another order";
        String oneState = "Every order reaches exactly one final state";
        String oneStory = "Orders, fulfilment, reservations and payments tell one story";
        String stock = "What is available and what is reserved is what came in";
        String money = "What was charged is what the confirmed orders cost";
        String cancellations = "A cancellation's answer is what became of the order";
        String back = "No client sees an order go back in time";
        String own = "Who ordered finds the order at once, alone and in the list";
        String strangers = "Nobody sees another customer's order";
        String last = "In the end everybody reads what is stored";
        String waits = "Nothing waits once everything has settled";
        String givenUp = "The queue gives no order up";
        String words = "Trouble is told in the words of the API";
        return Stream.of(
                broken(exists, "an acknowledged order is gone", story -> story.orders.remove(FIRST)),
                broken(
                        exists,
                        "it is somebody else's",
                        story -> story.stored(FIRST, "bob", State.CONFIRMED, 2, "24.00", TEA)),
                broken(
                        exists,
                        "its lines are others",
                        story -> story.stored(FIRST, "alice", State.CONFIRMED, 2, "24.00", TEA.withOneMore())),
                broken(
                        exists,
                        "it is paid by other means",
                        story -> story.stored(
                                FIRST, "alice", State.CONFIRMED, 2, "24.00", new Basket("tok_flaky", TEA.lines()))),
                broken(oneEach, "a repetition placed a second order", story -> {
                    story.says(1, "alice", new Request.Place("k1", TEA), shown(201, THIRD, 1, State.PLACED));
                    story.settled(THIRD, "alice", TEA, "24.00");
                }),
                broken(
                        oneEach,
                        "two keys got the same order",
                        story -> story.says(
                                1, "alice", new Request.Place("k9", TEA), shown(201, FIRST, 1, State.PLACED))),
                broken(nobody, "an order without a key", story -> story.settled(THIRD, "alice", TEA, "24.00")),
                broken(
                        answered,
                        "an attempt whose end nobody knows",
                        story -> story.says(1, "alice", new Request.Place("k9", TEA), new Reply.Silence("reset"))),
                broken(
                        reused,
                        "another order under the same key",
                        story -> story.says(
                                1,
                                "alice",
                                new Request.Reuse("k1", TEA.withOneMore()),
                                shown(201, FIRST, 1, State.PLACED))),
                broken(
                        reused,
                        "refused for another reason",
                        story -> story.says(
                                1,
                                "alice",
                                new Request.Reuse("k1", TEA.withOneMore()),
                                new Reply.Refused(422, "unknown-sku"))),
                broken(oneState, "an order never settled", story -> {
                    story.stored(FIRST, "alice", State.PLACED, 1, "24.00", TEA);
                    story.fulfilments.put(FIRST, "PLACED");
                }),
                broken(
                        oneState,
                        "it was shown rejected, and is confirmed",
                        story -> story.says(1, "alice", new Request.Read(FIRST), shown(200, FIRST, 2, State.REJECTED))),
                broken(
                        oneState,
                        "a version that was two things",
                        story -> story.says(1, "alice", new Request.Read(FIRST), shown(200, FIRST, 2, State.PLACED))),
                broken(oneStory, "fulfilment says no", story -> story.fulfilments.put(FIRST, "REJECTED")),
                broken(oneStory, "fulfilment never heard of it", story -> story.fulfilments.remove(FIRST)),
                broken(oneStory, "fulfilment invented one", story -> story.fulfilments.put(THIRD, "CONFIRMED")),
                broken(oneStory, "confirmed, not reserved", story -> story.reservations.remove(FIRST)),
                broken(
                        oneStory,
                        "confirmed, too little reserved",
                        story -> story.reservations.put(FIRST, Map.of("TEA-001", 1))),
                broken(oneStory, "confirmed, not charged", story -> story.payments.remove(FIRST)),
                broken(
                        oneStory,
                        "confirmed, and refunded",
                        story -> story.payments.put(FIRST, new Payment(new BigDecimal("24.00"), false))),
                broken(
                        oneStory,
                        "charged too much",
                        story -> story.payments.put(FIRST, new Payment(new BigDecimal("48.00"), true))),
                broken(
                        oneStory,
                        "cancelled, and charged",
                        story -> story.payments.put(SECOND, new Payment(new BigDecimal("24.00"), true))),
                broken(oneStory, "cancelled, and still reserved", story -> story.reservations.put(SECOND, TEA.lines())),
                broken(stock, "a piece was lost", story -> story.stockAfter.put("TEA-001", 99L)),
                broken(stock, "a SKU came from nowhere", story -> story.stockAfter.put("TEA-009", 1L)),
                broken(
                        money,
                        "somebody paid for nothing",
                        story -> story.payments.put(THIRD, new Payment(BigDecimal.ONE, true))),
                broken(
                        cancellations,
                        "cancelled, it was said",
                        story -> story.says(
                                1, "alice", new Request.Cancel(FIRST), shown(200, FIRST, 2, State.CANCELLED))),
                broken(
                        cancellations,
                        "settled, it was said",
                        story -> story.says(
                                2, "bob", new Request.Cancel(SECOND), new Reply.Refused(409, "order-settled"))),
                broken(cancellations, "nobody cancelled it", story -> {
                    story.calls.removeIf(call -> call.request() instanceof Request.Cancel);
                }),
                broken(back, "a single order", story -> {
                    story.says(1, "alice", new Request.Read(FIRST), shown(200, FIRST, 1, State.PLACED));
                }),
                broken(back, "in a list", story -> {
                    story.says(1, "alice", new Request.ListOwn(20), shown(200, FIRST, 1, State.PLACED));
                }),
                broken(
                        own,
                        "not found",
                        story -> story.says(
                                1, "alice", new Request.Read(FIRST), new Reply.Refused(404, "no-such-order"))),
                broken(
                        own,
                        "nothing in the list",
                        story -> story.says(
                                1, "alice", new Request.ListOwn(20), new Reply.Shown(200, List.of(), false))),
                broken(own, "a full page of older ones", story -> {
                    story.says(1, "alice", new Request.Place("k3", TEA), shown(201, THIRD, 1, State.PLACED));
                    story.settled(THIRD, "alice", TEA, "24.00");
                    story.says(
                            1,
                            "alice",
                            new Request.ListOwn(1),
                            new Reply.Shown(200, List.of(new Seen(FIRST, 2, State.CONFIRMED)), true));
                }),
                broken(
                        strangers,
                        "one alone",
                        story -> story.says(
                                2, "bob", new Request.ReadOfAnothers(FIRST), shown(200, FIRST, 2, State.CONFIRMED))),
                broken(
                        strangers,
                        "among their own",
                        story -> story.says(
                                2,
                                "bob",
                                new Request.ListOwn(20),
                                new Reply.Shown(
                                        200,
                                        List.of(
                                                new Seen(SECOND, 2, State.CANCELLED),
                                                new Seen(FIRST, 2, State.CONFIRMED)),
                                        false))),
                broken(
                        last,
                        "an older version stays",
                        story -> story.says(
                                2, "bob", new Request.FinalRead(SECOND), shown(200, SECOND, 1, State.PLACED))),
                broken(
                        last,
                        "no answer even then",
                        story -> story.says(
                                2,
                                "bob",
                                new Request.FinalRead(SECOND),
                                new Reply.Refused(503, "service-unavailable"))),
                broken(waits, "events in the outbox", story -> story.backlog.put("the outbox", 3L)),
                broken(givenUp, "a good order", story -> story.deadLetters.add(FIRST)),
                broken(
                        words,
                        "an error of the server",
                        story -> story.says(
                                1, "alice", new Request.ListOwn(20), new Reply.Refused(500, "internal-error"))),
                broken(
                        words,
                        "a page for people",
                        story -> story.says(1, "alice", new Request.ListOwn(20), new Reply.Refused(503, ""))),
                broken(
                        words,
                        "a status that is not the right one",
                        story -> story.says(
                                1, "alice", new Request.Place("k1", TEA), shown(200, FIRST, 1, State.PLACED))),
                broken(
                        words,
                        "forbidden rather than unknown",
                        story -> story.says(
                                2,
                                "bob",
                                new Request.ReadOfAnothers(FIRST),
                                new Reply.Refused(403, "insufficient-scope"))));
    }

    @Test
    void readsThatOverlapMayBeSeenInEitherOrder() {
        assertThat(brokenBy(story -> {
                    story.between(1, "alice", 100, 200, new Request.Read(FIRST), shown(200, FIRST, 2, State.CONFIRMED));
                    story.between(3, "alice", 150, 160, new Request.Read(FIRST), shown(200, FIRST, 1, State.PLACED));
                    story.between(1, "alice", 190, 210, new Request.Read(FIRST), shown(200, FIRST, 2, State.CONFIRMED));
                }))
                .isEmpty();
    }

    @Test
    void anOlderOrderNeedNotBeOnTheFirstPage() {
        assertThat(brokenBy(story -> {
                    story.says(1, "alice", new Request.Place("k3", TEA), shown(201, THIRD, 1, State.PLACED));
                    story.settled(THIRD, "alice", TEA, "24.00");
                    story.says(
                            1,
                            "alice",
                            new Request.ListOwn(1),
                            new Reply.Shown(200, List.of(new Seen(THIRD, 1, State.PLACED)), true));
                }))
                .isEmpty();
    }

    @Test
    void troubleThatTheApiKnowsIsNoViolation() {
        assertThat(brokenBy(story -> {
                    story.says(
                            1, "alice", new Request.Place("k1", TEA), new Reply.Refused(409, "idempotency-key-in-use"));
                    story.says(1, "alice", new Request.Place("k1", TEA), new Reply.Refused(503, "service-unavailable"));
                    story.says(1, "alice", new Request.Place("k1", TEA), new Reply.Silence("reset"));
                    story.says(1, "alice", new Request.ListOwn(20), new Reply.Refused(401, "invalid-token"));
                    story.says(1, "alice", new Request.Cancel(FIRST), new Reply.Refused(409, "order-settled"));
                }))
                .isEmpty();
    }

    private static Arguments broken(String promise, String how, Consumer<Story> change) {
        return Arguments.of(promise, how, change);
    }

    private static List<String> brokenBy(Consumer<Story> change) {
        Story story = new Story();
        change.accept(story);
        return Checker.check(story.calls, story.ledger()).stream()
                .filter(verdict -> !verdict.holds())
                .map(Verdict::promise)
                .toList();
    }

    private static Reply shown(int status, UUID order, long version, State state) {
        return Reply.Shown.one(status, new Seen(order, version, state));
    }

    /** Alice's order is confirmed, Bob cancels his. */
    private static final class Story {

        private final List<Call> calls = new ArrayList<>();
        private final Map<UUID, StoredOrder> orders = new HashMap<>();
        private final Map<UUID, String> fulfilments = new HashMap<>();
        private final Map<UUID, Map<String, Integer>> reservations = new HashMap<>();
        private final Map<UUID, Payment> payments = new HashMap<>();
        private final Map<String, Long> stockAfter = new HashMap<>(Map.of("TEA-001", 100L));
        private final Map<String, Long> backlog = new HashMap<>(Map.of("the outbox", 0L));
        private final List<UUID> deadLetters = new ArrayList<>();
        private long now;

        private Story() {
            says(1, "alice", new Request.Place("k1", TEA), new Reply.Silence("reset"));
            says(1, "alice", new Request.Place("k1", TEA), shown(201, FIRST, 1, State.PLACED));
            says(1, "alice", new Request.Read(FIRST), shown(200, FIRST, 1, State.PLACED));
            says(1, "alice", new Request.ListOwn(20), shown(200, FIRST, 2, State.CONFIRMED));
            says(2, "bob", new Request.Place("k1", TEA), shown(201, SECOND, 1, State.PLACED));
            says(
                    2,
                    "bob",
                    new Request.Reuse("k1", TEA.withOneMore()),
                    new Reply.Refused(422, "idempotency-key-reused"));
            says(2, "bob", new Request.Cancel(SECOND), shown(200, SECOND, 2, State.CANCELLED));
            says(2, "bob", new Request.ReadOfAnothers(FIRST), new Reply.Refused(404, "no-such-order"));
            says(2, "bob", new Request.FinalRead(SECOND), shown(200, SECOND, 2, State.CANCELLED));
            settled(FIRST, "alice", TEA, "24.00");
            stored(SECOND, "bob", State.CANCELLED, 2, "24.00", TEA);
            fulfilments.put(SECOND, "CANCELLED");
            payments.put(SECOND, new Payment(new BigDecimal("24.00"), false));
        }

        private void says(int client, String customer, Request request, Reply reply) {
            now += 10;
            between(client, customer, now, now + 5, request, reply);
        }

        private void between(int client, String customer, long start, long end, Request request, Reply reply) {
            calls.add(new Call(client, customer, Duration.ofMillis(start), Duration.ofMillis(end), request, reply));
        }

        private void stored(UUID id, String customer, State state, long version, String total, Basket basket) {
            orders.put(
                    id,
                    new StoredOrder(
                            id,
                            customer,
                            state,
                            version,
                            new BigDecimal(total),
                            basket.paymentToken(),
                            basket.lines()));
        }

        private void settled(UUID id, String customer, Basket basket, String total) {
            stored(id, customer, State.CONFIRMED, 2, total, basket);
            fulfilments.put(id, "CONFIRMED");
            reservations.put(id, basket.lines());
            payments.put(id, new Payment(new BigDecimal(total), true));
        }

        private Ledger ledger() {
            return new Ledger(
                    orders,
                    fulfilments,
                    reservations,
                    payments,
                    Map.of("TEA-001", 100L),
                    stockAfter,
                    backlog,
                    deadLetters);
        }
    }
}
