package dev.meridian.system.faults;

import static java.util.function.Function.identity;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toSet;

import dev.meridian.system.faults.Call.Reply;
import dev.meridian.system.faults.Call.Request;
import dev.meridian.system.faults.Call.Seen;
import dev.meridian.system.faults.Call.State;
import dev.meridian.system.faults.Ledger.Payment;
import dev.meridian.system.faults.Ledger.StoredOrder;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;

/** Holds what the clients were told against what the databases say. Each promise is one rule. */
final class Checker {

    /** @param violations each in one line; none where the promise was kept */
    private record Rule(String promise, Function<Checker, Stream<String>> violations) {}

    private static final List<Rule> RULES = List.of(
            new Rule("Every acknowledged order exists, once, as it was ordered", Checker::lostOrChanged),
            new Rule("A key gets one order, and an order has one key", Checker::keysAndOrdersThatDiffer),
            new Rule("No order exists that nobody asked for", Checker::ordersOfNobody),
            new Rule("Every attempt to order is answered in the end", Checker::neverAnswered),
            new Rule("A key is refused for another order", Checker::keysThatWereReused),
            new Rule("Every order reaches exactly one final state", Checker::notExactlyOneFinalState),
            new Rule("Orders, fulfilment, reservations and payments tell one story", Checker::booksThatDiffer),
            new Rule("What is available and what is reserved is what came in", Checker::stockThatDiffers),
            new Rule("What was charged is what the confirmed orders cost", Checker::moneyThatDiffers),
            new Rule("A cancellation's answer is what became of the order", Checker::cancellationsThatDiffer),
            new Rule("No client sees an order go back in time", Checker::readsThatWentBack),
            new Rule("Who ordered finds the order at once, alone and in the list", Checker::ownOrdersNotFound),
            new Rule("Nobody sees another customer's order", Checker::ordersShownToStrangers),
            new Rule("In the end everybody reads what is stored", Checker::finalReadsThatDiffer),
            new Rule("Nothing waits once everything has settled", Checker::whatStillWaits),
            new Rule("The queue gives no order up", Checker::ordersGivenUp),
            new Rule("Trouble is told in the words of the API", Checker::unexpectedAnswers));

    private final List<Call> calls;
    private final Ledger ledger;

    /** The calls of each client, in the order in which they were sent. */
    private final Map<Integer, List<Call>> byClient;

    /** Which orders were named in answer to a key. */
    private final Map<Key, Set<UUID>> answers = new LinkedHashMap<>();

    private final Map<Key, Basket> wanted = new LinkedHashMap<>();

    private record Key(String customer, String key) {

        @Override
        public String toString() {
            return customer + "'s key " + key;
        }
    }

    private Checker(List<Call> calls, Ledger ledger) {
        this.calls = calls;
        this.ledger = ledger;
        this.byClient = calls.stream()
                .sorted(Comparator.comparing(Call::start))
                .collect(groupingBy(Call::client, TreeMap::new, toList()));
        for (Call call : calls) {
            if (call.request() instanceof Request.Place(String name, Basket basket)) {
                Key key = new Key(call.customer(), name);
                wanted.putIfAbsent(key, basket);
                call.seen()
                        .forEach(seen -> answers.computeIfAbsent(key, any -> new TreeSet<>())
                                .add(seen.order()));
            }
        }
    }

    /** A verdict about each promise, in a fixed order. */
    static List<Verdict> check(Collection<Call> calls, Ledger ledger) {
        Checker checker = new Checker(List.copyOf(calls), ledger);
        return RULES.stream()
                .map(rule ->
                        Verdict.of(rule.promise, rule.violations.apply(checker).toList()))
                .toList();
    }

    private Stream<String> lostOrChanged() {
        return answers.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream()
                        .map(id -> {
                            Key key = entry.getKey();
                            Basket basket = Objects.requireNonNull(wanted.get(key));
                            StoredOrder stored = ledger.orders().get(id);
                            if (stored == null) {
                                return key + " was answered with order " + id + ", which does not exist";
                            }
                            if (!stored.customer().equals(key.customer)) {
                                return key + " was answered with order " + id + " of " + stored.customer();
                            }
                            if (!stored.lines().equals(basket.lines())
                                    || !stored.paymentToken().equals(basket.paymentToken())) {
                                return key + " ordered " + basket.json() + ", but " + id + " is " + stored.lines()
                                        + " paid with " + stored.paymentToken();
                            }
                            return "";
                        })
                        .filter(violation -> !violation.isEmpty()));
    }

    private Stream<String> keysAndOrdersThatDiffer() {
        Map<UUID, Set<Key>> keys = new HashMap<>();
        answers.forEach((key, orders) -> orders.forEach(
                order -> keys.computeIfAbsent(order, any -> new HashSet<>()).add(key)));
        return Stream.concat(
                answers.entrySet().stream()
                        .filter(entry -> entry.getValue().size() > 1)
                        .map(entry -> entry.getKey() + " was answered with " + entry.getValue()),
                keys.entrySet().stream()
                        .filter(entry -> entry.getValue().size() > 1)
                        .map(entry -> "order " + entry.getKey() + " was the answer to " + entry.getValue()));
    }

    private Stream<String> ordersOfNobody() {
        Set<UUID> known = new HashSet<>();
        answers.values().forEach(known::addAll);
        return ledger.orders().values().stream()
                .filter(order -> !known.contains(order.id()))
                .map(order -> "order " + order.id() + " of " + order.customer() + ", " + order.lines()
                        + ", was the answer to no key");
    }

    private Stream<String> neverAnswered() {
        return wanted.keySet().stream().filter(key -> !answers.containsKey(key)).map(key -> key + " got no order");
    }

    private Stream<String> keysThatWereReused() {
        return calls.stream()
                .filter(call -> call.request() instanceof Request.Reuse)
                .filter(call -> switch (call.reply()) {
                    case Reply.Shown _ -> true;
                    case Reply.Refused(int status, String problem) ->
                        status == 422 && !problem.equals("idempotency-key-reused");
                    case Reply.Silence _ -> false;
                })
                .map(Call::told);
    }

    private Stream<String> notExactlyOneFinalState() {
        Map<UUID, Set<State>> ends = new TreeMap<>();
        Map<UUID, Map<Long, Set<State>>> versions = new TreeMap<>();
        ledger.orders().values().forEach(order -> {
            ends.computeIfAbsent(order.id(), any -> EnumSet.noneOf(State.class)).add(order.state());
            version(versions, order.id(), order.version()).add(order.state());
        });
        for (Call call : calls) {
            for (Seen seen : call.seen()) {
                version(versions, seen.order(), seen.version()).add(seen.state());
                if (seen.state().isFinal()) {
                    ends.computeIfAbsent(seen.order(), any -> EnumSet.noneOf(State.class))
                            .add(seen.state());
                }
            }
        }
        return Stream.of(
                        ledger.orders().values().stream()
                                .filter(order -> !order.state().isFinal())
                                .map(order -> "order " + order.id() + " is still " + order.state()),
                        ends.entrySet().stream()
                                .filter(entry -> entry.getValue().size() > 1)
                                .map(entry ->
                                        "order " + entry.getKey() + " was shown or stored as " + entry.getValue()),
                        versions.entrySet().stream()
                                .flatMap(order -> order.getValue().entrySet().stream()
                                        .filter(version -> version.getValue().size() > 1)
                                        .map(version -> "version " + version.getKey() + " of order " + order.getKey()
                                                + " was " + version.getValue())))
                .flatMap(identity());
    }

    private static Set<State> version(Map<UUID, Map<Long, Set<State>>> versions, UUID order, long version) {
        return versions.computeIfAbsent(order, any -> new TreeMap<>())
                .computeIfAbsent(version, any -> EnumSet.noneOf(State.class));
    }

    private Stream<String> booksThatDiffer() {
        Stream<String> strangers = Stream.of(
                        ledger.fulfilments().keySet(),
                        ledger.reservations().keySet(),
                        ledger.payments().keySet())
                .flatMap(Set::stream)
                .distinct()
                .filter(id -> !ledger.orders().containsKey(id))
                .map(id -> "fulfilment knows order " + id + ", which does not exist");
        return Stream.concat(strangers, ledger.orders().values().stream().flatMap(this::whereBooksDiffer));
    }

    private Stream<String> whereBooksDiffer(StoredOrder order) {
        List<String> differences = new ArrayList<>();
        String decision = ledger.fulfilments().getOrDefault(order.id(), "unknown");
        Map<String, Integer> reserved = ledger.reservations().getOrDefault(order.id(), Map.of());
        Payment payment = ledger.payments().get(order.id());
        boolean charged = payment != null && payment.charged();
        if (!decision.equals(order.state().name())) {
            differences.add("fulfilment has it as " + decision);
        }
        switch (order.state()) {
            case CONFIRMED -> {
                if (!reserved.equals(order.lines())) {
                    differences.add("it reserves " + reserved + " instead of " + order.lines());
                }
                if (payment == null || !charged) {
                    differences.add("it is not charged");
                } else if (payment.amount().compareTo(order.total()) != 0) {
                    differences.add("it is charged " + payment.amount() + " instead of " + order.total());
                }
            }
            case PLACED, REJECTED, CANCELLED -> {
                if (!reserved.isEmpty()) {
                    differences.add("it reserves " + reserved);
                }
                if (charged) {
                    differences.add("it is charged");
                }
            }
        }
        return differences.stream().map(difference -> order.state() + " order " + order.id() + ": " + difference);
    }

    private Stream<String> stockThatDiffers() {
        Set<String> skus = new TreeSet<>(ledger.stockBefore().keySet());
        skus.addAll(ledger.stockAfter().keySet());
        return skus.stream()
                .filter(sku -> !Objects.equals(
                        ledger.stockBefore().get(sku), ledger.stockAfter().get(sku)))
                .map(sku -> sku + ": " + ledger.stockBefore().get(sku) + " before, "
                        + ledger.stockAfter().get(sku) + " after");
    }

    private Stream<String> moneyThatDiffers() {
        BigDecimal charged = ledger.payments().values().stream()
                .filter(Payment::charged)
                .map(Payment::amount)
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        BigDecimal confirmed = ledger.orders().values().stream()
                .filter(order -> order.state() == State.CONFIRMED)
                .map(StoredOrder::total)
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        return charged.compareTo(confirmed) == 0
                ? Stream.empty()
                : Stream.of(charged + " were charged, and the confirmed orders cost " + confirmed);
    }

    private Stream<String> cancellationsThatDiffer() {
        Set<UUID> asked = new HashSet<>();
        List<String> violations = new ArrayList<>();
        for (Call call : calls) {
            if (call.request() instanceof Request.Cancel(UUID id)) {
                asked.add(id);
                StoredOrder order = ledger.orders().get(id);
                State state = order == null ? null : order.state();
                boolean wrong =
                        switch (call.reply()) {
                            case Reply.Shown(int _, List<Seen> shown, boolean _) ->
                                state != State.CANCELLED
                                        || shown.stream().anyMatch(seen -> seen.state() != State.CANCELLED);
                            case Reply.Refused(int status, String _) ->
                                status == 409 && state != State.CONFIRMED && state != State.REJECTED;
                            case Reply.Silence _ -> false;
                        };
                if (wrong) {
                    violations.add(call.told() + "; it is " + state);
                }
            }
        }
        return Stream.concat(
                violations.stream(),
                ledger.orders().values().stream()
                        .filter(order -> order.state() == State.CANCELLED && !asked.contains(order.id()))
                        .map(order -> "order " + order.id() + " is cancelled, and nobody asked for that"));
    }

    private Stream<String> readsThatWentBack() {
        record Shown(Call call, Seen seen) {}
        return byClient.values().stream().flatMap(own -> {
            Map<UUID, List<Shown>> reads = new LinkedHashMap<>();
            for (Call call : own) {
                if (!(call.request() instanceof Request.Place)) { // a repetition is answered as it was the first time
                    call.seen()
                            .forEach(seen -> reads.computeIfAbsent(seen.order(), any -> new ArrayList<>())
                                    .add(new Shown(call, seen)));
                }
            }
            return reads.values().stream()
                    .flatMap(shown -> shown.stream()
                            .flatMap(next -> shown.stream()
                                    .filter(earlier -> earlier.call.isBefore(next.call)
                                            && earlier.seen.version() > next.seen.version())
                                    .limit(1)
                                    .map(earlier -> "order " + next.seen.order() + " went from version "
                                            + earlier.seen.version() + " back to " + next.seen.version() + ": "
                                            + earlier.call.told() + "; then " + next.call.told())));
        });
    }

    private Stream<String> ownOrdersNotFound() {
        return byClient.values().stream().flatMap(own -> {
            Map<UUID, Duration> acknowledged = new LinkedHashMap<>();
            List<String> violations = new ArrayList<>();
            for (Call call : own) {
                switch (call.request()) {
                    case Request.Place _ ->
                        call.seen().forEach(seen -> acknowledged.putIfAbsent(seen.order(), call.end()));
                    case Request.Read(UUID id) -> notFound(call, id, acknowledged, violations);
                    case Request.FinalRead(UUID id) -> notFound(call, id, acknowledged, violations);
                    case Request.Cancel(UUID id) -> notFound(call, id, acknowledged, violations);
                    case Request.ListOwn _ -> missingInList(call, acknowledged, violations);
                    case Request.Reuse _, Request.ReadOfAnothers _ -> {}
                }
            }
            return violations.stream();
        });
    }

    private static void notFound(Call call, UUID id, Map<UUID, Duration> acknowledged, List<String> violations) {
        Duration since = acknowledged.get(id);
        if (since != null
                && since.compareTo(call.start()) < 0
                && call.reply() instanceof Reply.Refused(int status, String _)
                && status == 404) {
            violations.add(call.told() + ", acknowledged at %.3f s".formatted(since.toNanos() / 1e9));
        }
    }

    /** Ids sort by the time of placing: what is newer than the last order of a page belongs on it. */
    private static void missingInList(Call call, Map<UUID, Duration> acknowledged, List<String> violations) {
        if (!(call.reply() instanceof Reply.Shown(int _, List<Seen> page, boolean more))) {
            return;
        }
        Set<UUID> shown = page.stream().map(Seen::order).collect(toSet());
        String last = more && !page.isEmpty() ? page.getLast().order().toString() : "";
        acknowledged.forEach((id, since) -> {
            if (since.compareTo(call.start()) < 0 && id.toString().compareTo(last) > 0 && !shown.contains(id)) {
                violations.add(
                        call.told() + ", without " + id + ", acknowledged at %.3f s".formatted(since.toNanos() / 1e9));
            }
        });
    }

    private Stream<String> ordersShownToStrangers() {
        Map<UUID, String> owners = new HashMap<>();
        answers.forEach((key, orders) -> orders.forEach(order -> owners.put(order, key.customer)));
        ledger.orders().values().forEach(order -> owners.put(order.id(), order.customer()));
        return calls.stream()
                .filter(call ->
                        call.seen().stream().anyMatch(seen -> !call.customer().equals(owners.get(seen.order()))))
                .map(call -> call.customer() + ": " + call.told());
    }

    private Stream<String> finalReadsThatDiffer() {
        Map<UUID, Call> last = new LinkedHashMap<>();
        calls.stream().sorted(Comparator.comparing(Call::start)).forEach(call -> {
            if (call.request() instanceof Request.FinalRead(UUID id)) {
                last.put(id, call); // earlier ones may have been too early for the cache
            }
        });
        return last.entrySet().stream()
                .filter(entry -> {
                    StoredOrder order = ledger.orders().get(entry.getKey());
                    return order == null
                            || !entry.getValue()
                                    .seen()
                                    .equals(List.of(new Seen(order.id(), order.version(), order.state())));
                })
                .map(entry -> entry.getValue().told() + "; stored is "
                        + ledger.orders().get(entry.getKey()));
    }

    private Stream<String> whatStillWaits() {
        return ledger.backlog().entrySet().stream()
                .filter(place -> place.getValue() != 0)
                .map(place -> place.getValue() + " in " + place.getKey());
    }

    private Stream<String> ordersGivenUp() {
        return ledger.deadLetters().stream()
                .filter(id -> {
                    StoredOrder order = ledger.orders().get(id);
                    return order != null && !order.paymentToken().equals("tok_poison");
                })
                .map(id -> "order " + id + " is a dead letter");
    }

    private Stream<String> unexpectedAnswers() {
        return calls.stream().filter(call -> !isExpected(call)).map(Call::told);
    }

    private static boolean isExpected(Call call) {
        return switch (call.reply()) {
            case Reply.Silence _ -> true;
            case Reply.Shown(int status, List<Seen> _, boolean _) ->
                status == (call.request() instanceof Request.Place ? 201 : 200);
            case Reply.Refused(int status, String problem) ->
                switch (status) {
                    // The issuer was started anew and signs with another key; too much at once; nobody there.
                    case 401, 429, 502, 503, 504 -> !problem.isEmpty();
                    case 404 -> call.request() instanceof Request.ReadOfAnothers;
                    case 409 -> problem.equals("idempotency-key-in-use") || call.request() instanceof Request.Cancel;
                    case 422 -> call.request() instanceof Request.Reuse;
                    default -> false;
                };
        };
    }
}
