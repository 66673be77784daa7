package dev.meridian.benchmarks.system;

import static dev.meridian.benchmarks.system.Settling.millis;

import dev.meridian.benchmarks.Figure;
import dev.meridian.benchmarks.Table;
import dev.meridian.benchmarks.Target;
import dev.meridian.benchmarks.load.ClosedLoop;
import dev.meridian.benchmarks.load.OpenLoop;
import dev.meridian.benchmarks.load.Schedule;
import dev.meridian.benchmarks.system.Settings.Part;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** One version, started on data of its own, loaded, and ended: everything that is measured of it, once. */
final class Turn {

    private static final int ROUNDS = 2;
    private static final int REFERENCE_CONNECTIONS = 16;
    private static final Duration WARM_UP_STEP = Duration.ofSeconds(20);

    /** By how much a step's rate has to exceed the best one so far. */
    private static final double GROWN = 1.05;

    /** Where the rate is fixed, a slow answer must not hold up the next order for want of a connection. */
    private static final int IN_FLIGHT = 256;

    private static final Duration DRAINING = Duration.ofMinutes(5);

    /** Gets the system used to a calmer pace. */
    private static final Duration CALMING = Duration.ofSeconds(10);

    private static final int GOOD_PER_SECOND = 50;
    private static final int POISON_PER_SECOND = 3;
    private static final String LOAD_GENERATOR = "the load generator (in no sum)";

    /** What a figure of this version that should not get worse may be of another version's. */
    private static final Target NO_WORSE = Target.below(1.1);

    /** @param perOrder what an order cost each process */
    record Measured(List<Figure> figures, List<Figure> perOrder) {}

    private final Settings settings;
    private final Path checkout;
    private final Path data;
    private final List<Figure> figures = new ArrayList<>();
    private final List<Figure> perOrder = new ArrayList<>();

    /** @param data the version's data folder, which is wiped */
    Turn(Settings settings, Path checkout, Path data) {
        this.settings = settings;
        this.checkout = checkout;
        this.data = data;
    }

    Measured run() throws Exception {
        say("Starting the system on no data, and again when it has learned to start faster.");
        try (var first = RunningSystem.start(checkout, data, true)) {
            add(Figure.of("./run to \"Ready: \" on no data", "s", seconds(first.toReady()))
                    .against(NO_WORSE));
            first.awaitTraining();
            new Books(first.postgres()).keepCommitTimes();
            add(Figure.of("SIGTERM to the end", "s", seconds(first.end())));
        }
        try (var system = RunningSystem.start(checkout, data, false);
                var gateway = new Shop(system.addresses("gateway"), Math.max(settings.connections, IN_FLIGHT))) {
            add(Figure.of("./run to \"Ready: \" on data", "s", seconds(system.toReady()))
                    .against(NO_WORSE));
            new Load(system, gateway, new Books(system.postgres())).run();
        }
        return new Measured(figures, perOrder);
    }

    private void add(Figure figure) {
        figures.add(figure);
        say("  %s: %s %s".formatted(figure.what(), Figure.number(figure.measured()), figure.unit()));
    }

    private static void say(String text) {
        System.out.println(text);
    }

    private static double seconds(Duration length) {
        return length.toNanos() / 1e9;
    }

    /** What is measured on the system that runs. */
    private final class Load {
        private final RunningSystem system;
        private final Shop gateway;
        private final Books books;

        /** Accepted orders per second; NaN where that is not measured. */
        private double peak = Double.NaN;

        Load(RunningSystem system, Shop gateway, Books books) {
            this.system = system;
            this.gateway = gateway;
            this.books = books;
        }

        void run() throws Exception {
            gateway.signIn(system.frontDoor());
            var cold = settings.parts.contains(Part.COLD) ? cold() : List.<Figure>of();
            warmUp();
            part(Part.ORDERS, this::orders);
            for (var figure : cold) {
                add(figure);
                if (peak > 0) {
                    add(Figure.ratio(figure.what() + ", to the peak", figure.measured(), peak)
                            .to(Target.atLeast(cold.indexOf(figure) == 0 ? 0.25 : 2 / 3.0)));
                }
            }
            part(Part.SETTLING, this::settling);
            part(Part.READS, this::reads);
            part(Part.SNAPSHOT, this::snapshot);
            memory();
            part(
                    Part.STREAMS,
                    () -> new Streams(system, gateway, books)
                            .measure(settings.streams, settings.length)
                            .forEach(Turn.this::add));
            part(Part.POISON, this::poison); // last, since its bad orders stay open for a while
        }

        @FunctionalInterface
        private interface Measurement {
            void take() throws Exception;
        }

        private void part(Part part, Measurement measurement) throws Exception {
            if (settings.parts.contains(part)) {
                drain();
                gateway.signIn(system.frontDoor()); // a token does not last for all parts
                var profiles = profiles(part);
                measurement.take();
                for (var profile : profiles) {
                    say(profile.component().name() + System.lineSeparator() + profile.hotMethods());
                }
            }
        }

        private ClosedLoop.Result place(Duration length) throws Exception {
            return ClosedLoop.run(settings.connections, length, number -> gateway::place);
        }

        private void drain() throws SQLException, InterruptedException {
            if (!books.awaitSettled(DRAINING)) {
                throw new IllegalStateException(books.unsettled() + " accepted orders do not settle.");
            }
        }

        /** From the first second on, without any warm-up. */
        private List<Figure> cold() throws Exception {
            say("Placing orders for the first seventy seconds.");
            tell(place(Duration.ofSeconds(10).minus(system.sinceReady())));
            var early = place(Duration.ofSeconds(5));
            tell(early);
            tell(place(Duration.ofSeconds(60).minus(system.sinceReady())));
            var later = place(Duration.ofSeconds(10));
            tell(later);
            return List.of(
                    Figure.of("orders accepted ten seconds after \"Ready: \"", "/s", early.perSecond()),
                    Figure.of("orders accepted a minute after \"Ready: \"", "/s", later.perSecond()));
        }

        /** The compilers of the JVMs share the cores with everything else, and take minutes. */
        private void warmUp() throws Exception {
            say("Warming up until the rate no longer grows, for " + settings.warmUp.toSeconds() + " s at most.");
            long end = System.nanoTime() + settings.warmUp.toNanos();
            double best = 0;
            int notGrown = 0;
            for (long left = end - System.nanoTime(); left > 0 && notGrown < 3; left = end - System.nanoTime()) {
                var step = place(Duration.ofNanos(Math.min(left, WARM_UP_STEP.toNanos())));
                tell(step);
                notGrown = step.perSecond() > best * GROWN ? 0 : notGrown + 1;
                best = Math.max(best, step.perSecond());
            }
        }

        private Usage usage() {
            var names = system.processes();
            names.put(ProcessHandle.current().pid(), LOAD_GENERATOR);
            return Usage.now(names);
        }

        private void orders() throws Exception {
            var accepted = new ArrayList<ClosedLoop.Result>();
            var plain = new ArrayList<ClosedLoop.Result>();
            var spent = new TreeMap<String, Usage.Spent>();
            double settledAfter = 0;
            try (var reference = SimpleUpdate.create(system.postgres())) {
                reference.run(REFERENCE_CONNECTIONS, Duration.ofSeconds(5)); // warm-up
                for (int round = 1; round <= ROUNDS; round++) {
                    say("Placing orders through the gateway, round " + round + ".");
                    long before = books.orders();
                    var usage = usage();
                    accepted.add(place(settings.length));
                    long end = System.nanoTime();
                    drain();
                    settledAfter = Math.max(settledAfter, (System.nanoTime() - end) / 1e9);
                    usage().since(usage).forEach((name, more) -> spent.merge(name, more, Usage.Spent::plus));
                    if (books.orders() - before < accepted.getLast().calls()) {
                        throw new IllegalStateException("Accepted orders are missing in the database.");
                    }
                    tell(accepted.getLast());
                    say("The reference, round " + round + ".");
                    plain.add(reference.run(REFERENCE_CONNECTIONS, settings.length));
                    tell(plain.getLast());
                }
            }
            peak = perSecond(accepted);
            double byJdbc = perSecond(plain);
            add(Figure.of("orders accepted, " + settings.connections + " clients", "/s", peak)
                    .against(Target.atLeast(4)));
            add(Figure.of("the reference: simple-update by plain JDBC", "/s", byJdbc));
            add(Figure.ratio("orders to the reference", peak, byJdbc).to(Target.atLeast(0.2)));
            add(Figure.of("last order settled after the load's end", "s", Target.below(1), settledAfter));
            cost(spent, accepted.stream().mapToLong(ClosedLoop.Result::calls).sum());
        }

        private void cost(Map<String, Usage.Spent> spent, long orders) {
            var all = spent.entrySet().stream()
                    .filter(process -> !process.getKey().equals(LOAD_GENERATOR))
                    .map(Map.Entry::getValue)
                    .reduce(new Usage.Spent(Duration.ZERO, 0), Usage.Spent::plus);
            add(Figure.of("processor time per order, all processes", "ms", all.cpuMillis() / orders)
                    .against(Target.below(0.3)));
            spent.forEach((name, used) -> perOrder.add(Figure.of(name, "ms", used.cpuMillis() / orders)));
            if (all.switches() > 0) {
                add(Figure.of(
                        "context switches per order, all processes",
                        "",
                        Target.below(50),
                        all.switches() / (double) orders));
                spent.forEach(
                        (name, used) -> perOrder.add(Figure.of(name, "switches", used.switches() / (double) orders)));
            }
        }

        private void settling() throws Exception {
            settling(settings.rate, "at " + settings.rate + "/s", Target.below(60), 250);
            if (peak > 0) {
                drain();
                settling(peak / 2, "at half the peak", null, 400);
            }
        }

        /** @param p99 the most that it should be, in ms */
        private void settling(double perSecond, String at, @Nullable Target p50, double p99) throws Exception {
            say("Placing %.0f orders per second.".formatted(perSecond));
            Settling.measure(gateway, books, perSecond, CALMING);
            var measured = Settling.measure(gateway, books, perSecond, settings.length.multipliedBy(3));
            var seen = "placing to settled " + at + ", as a polling client sees it, ";
            add(new Figure(seen + "p50", "ms", p50, null, millis(measured.seen(), 50)));
            add(Figure.of(seen + "p99", "ms", Target.below(p99), millis(measured.seen(), 99)));
            var committed = "placing to the outcome's commit " + at + ", ";
            add(Figure.of(committed + "p50", "ms", millis(measured.settled(), 50)));
            add(Figure.of(committed + "p99", "ms", millis(measured.settled(), 99)));
            add(Figure.of("placing to 201 " + at + ", p50", "ms", millis(measured.accepted(), 50)));
            add(Figure.of("placing to 201 " + at + ", p99", "ms", millis(measured.accepted(), 99)));
            complete(measured, at);
        }

        private void complete(Settling measured, String at) {
            add(Figure.of("orders not accepted " + at, "", Target.below(1), measured.failures()));
            add(Figure.of("orders open 30 s after the end " + at, "", Target.below(1), measured.unsettled()));
        }

        private void reads() throws Exception {
            var ids = new ArrayList<String>();
            for (int i = 0; i < 500; i++) {
                ids.add(gateway.place());
            }
            drain();
            try (var direct =
                    new Shop(system.addresses("orders-service"), settings.connections).signIn(system.frontDoor())) {
                say("Reading orders, to warm up.");
                read(gateway, ids, settings.length.multipliedBy(3).dividedBy(2));
                read(direct, ids, settings.length.dividedBy(2));
                var through = new ArrayList<ClosedLoop.Result>();
                var past = new ArrayList<ClosedLoop.Result>();
                for (int round = 1; round <= ROUNDS; round++) {
                    say("Reading orders through the gateway and from the service directly, round " + round + ".");
                    through.add(read(gateway, ids, settings.length));
                    tell(through.getLast());
                    past.add(read(direct, ids, settings.length));
                    tell(past.getLast());
                }
                add(Figure.of("cached GET /api/orders/{id} through the gateway", "/s", perSecond(through)));
                add(Figure.of("the same from the service directly", "/s", perSecond(past)));
                add(Figure.ratio("gateway to directly", perSecond(through), perSecond(past))
                        .to(Target.atLeast(0.55)));
            }
        }

        private ClosedLoop.Result read(Shop shop, List<String> ids, Duration length) throws Exception {
            return ClosedLoop.run(settings.connections, length, number -> {
                var next = new AtomicInteger(number * ids.size() / settings.connections);
                return () -> {
                    if (!Shop.isSettled(shop.order(ids.get(next.getAndIncrement() % ids.size())))) {
                        throw new IOException("A settled order is shown as placed.");
                    }
                };
            });
        }

        /** A session with an old snapshot keeps dead rows, which slows down what walks over them. */
        private void snapshot() throws Exception {
            say("Placing orders, and then the same beside a session that holds an old snapshot.");
            double without = settledPerSecond();
            drain();
            double with;
            try (Connection old = books.holdSnapshot()) {
                with = settledPerSecond();
                old.rollback();
            }
            add(Figure.of("orders settled at the end of " + settings.phase.toMinutes() + " minutes", "/s", without));
            add(Figure.of("the same with an old snapshot", "/s", with));
            add(Figure.ratio("with an old snapshot to without", with, without).to(Target.atLeast(0.9)));
        }

        /** In the last fifth of a phase. */
        private double settledPerSecond() throws Exception {
            var fifth = settings.phase.dividedBy(5);
            tell(place(settings.phase.minus(fifth)));
            long before = books.orders() - books.unsettled();
            long begin = System.nanoTime();
            tell(place(fifth));
            return (books.orders() - books.unsettled() - before) / ((System.nanoTime() - begin) / 1e9);
        }

        private void poison() throws Exception {
            say("Placing %d good orders per second, and then %d bad ones beside them."
                    .formatted(GOOD_PER_SECOND, POISON_PER_SECOND));
            Settling.measure(gateway, books, GOOD_PER_SECOND, CALMING);
            var alone = Settling.measure(gateway, books, GOOD_PER_SECOND, settings.phase);
            Settling beside;
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var poison = threads.submit(() -> OpenLoop.run(
                        Schedule.of(System.nanoTime(), POISON_PER_SECOND, settings.phase),
                        (n, due) -> gateway.place("tok_poison")));
                beside = Settling.measure(gateway, books, GOOD_PER_SECOND, settings.phase);
                add(Figure.of(
                        "bad orders not accepted",
                        "",
                        Target.below(1),
                        poison.get().failures()));
            }
            var what = "placing to the outcome's commit of good orders ";
            add(Figure.of(what + "alone, p50", "ms", millis(alone.settled(), 50)));
            add(Figure.of(what + "alone, p99", "ms", millis(alone.settled(), 99)));
            add(Figure.of(what + "beside bad ones, p50", "ms", millis(beside.settled(), 50)));
            add(Figure.of(what + "beside bad ones, p99", "ms", millis(beside.settled(), 99)));
            add(Figure.ratio("p99 beside bad ones to alone", millis(beside.settled(), 99), millis(alone.settled(), 99))
                    .to(Target.below(2)));
            complete(beside, "beside bad ones");
        }

        private void memory() {
            var memory = Memory.byName(system.processes());
            double all = Memory.total(memory);
            if (all > 0) {
                var table = new Table("process", "PSS MiB");
                memory.forEach((name, pss) -> table.row(name, "%.0f".formatted(pss)));
                say(table.toString());
                add(Figure.of("resident after the load, PSS", "MiB", Target.below(3 * 1024), all));
            }
        }

        private List<Profile> profiles(Part part) throws IOException, InterruptedException {
            var profiles = new ArrayList<Profile>();
            if (settings.profile) {
                for (var component : system.components("gateway", "orders-service", "worker")) {
                    profiles.add(Profile.start(component, data.resolveSibling("profiles-" + part)));
                }
            }
            return profiles;
        }
    }

    private static void tell(ClosedLoop.Result result) {
        say("  %.0f/s".formatted(result.perSecond())
                + (result.failures() == 0
                        ? ""
                        : ", and " + result.failures() + " failed, for example: " + result.example()));
    }

    /** Over all rounds. */
    private static double perSecond(List<ClosedLoop.Result> rounds) {
        return rounds.stream().mapToLong(ClosedLoop.Result::calls).sum()
                / (rounds.stream().mapToLong(round -> round.length().toNanos()).sum() / 1e9);
    }
}
