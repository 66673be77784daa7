package dev.meridian.benchmarks.system;

import static dev.meridian.benchmarks.system.Settling.millis;

import dev.meridian.benchmarks.Cpu;
import dev.meridian.benchmarks.Figure;
import dev.meridian.benchmarks.Machine;
import dev.meridian.benchmarks.Table;
import dev.meridian.benchmarks.Target;
import dev.meridian.benchmarks.load.ClosedLoop;
import dev.meridian.benchmarks.outbox.OutboxBenchmark;
import dev.meridian.benchmarks.overload.OverloadBenchmark;
import dev.meridian.local.Component;
import dev.meridian.local.Stack;
import dev.meridian.local.StackException;
import dev.meridian.local.StackSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The figures of the running system, one after the other, and at the end the table. */
@Command(
        name = "benchmarks/run",
        mixinStandardHelpOptions = true,
        subcommands = {OutboxBenchmark.class, StreamsBenchmark.class, OverloadBenchmark.class},
        description = "Measures the whole system on this machine, with the load generator beside it.")
public final class SystemBenchmark implements Callable<Integer> {

    private static final String PRIMARY = "postgres-primary";
    private static final int ROUNDS = 2;
    private static final Duration WARM_UP_STEP = Duration.ofSeconds(20);

    /** By how much a step's rate has to exceed the best one so far. */
    private static final double GROWN = 1.05;

    /** Where the rate is fixed, a slow answer must not hold up the next order for want of a connection. */
    private static final int IN_FLIGHT = 256;

    /** For a busy machine. */
    private static final Duration START_LIMIT = Duration.ofMinutes(5);

    private static final Duration DRAINING = Duration.ofMinutes(5);

    /** The parts of a run. */
    enum Part {
        START,
        ORDERS,
        SETTLING,
        READS
    }

    @Option(names = "--only", split = ",", description = "Which parts: ${COMPLETION-CANDIDATES} (default: all).")
    private List<Part> parts = List.of(Part.values());

    @Option(names = "--connections", description = "Clients at the same time (default: ${DEFAULT-VALUE}).")
    private int connections = 32;

    @Option(
            names = "--warm-up",
            description = "Seconds of load at most before anything counts; it ends when the rate no longer grows"
                    + " (default: ${DEFAULT-VALUE}).")
    private int warmUp = 420;

    @Option(names = "--seconds", description = "Length of each measurement (default: ${DEFAULT-VALUE}).")
    private int seconds = 20;

    @Option(names = "--rate", description = "Orders per second while they settle (default: ${DEFAULT-VALUE}).")
    private int rate = 200;

    @Option(names = "--profile", description = "Record our services' hot methods, which costs some of the figures.")
    private boolean profile;

    private final List<Figure> figures = new ArrayList<>();

    public static void main(String[] arguments) {
        var command = new CommandLine(new SystemBenchmark())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    if (failure instanceof StackException) {
                        line.getErr().println(failure.getMessage());
                        return 1;
                    }
                    throw failure;
                });
        System.exit(command.execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        System.out.println(Machine.here());
        var settings = StackSettings.defaults();
        var folder = settings.root().resolve("benchmarks/target/system");
        if (parts.contains(Part.START)) {
            start(settings.root(), folder.resolve("start"));
        }
        if (parts.contains(Part.ORDERS) || parts.contains(Part.SETTLING) || parts.contains(Part.READS)) {
            say("Starting the system.");
            try (var stack = Stack.start(
                            StackSettings.isolated(folder.resolve("load"))
                                    .withFresh(true)
                                    .withEdge(false) // the rows say "through the gateway"
                                    .withStartLimit(START_LIMIT),
                            line -> System.out.println("  " + line));
                    var gateway = new Shop(List.of(stack.frontDoor()), Math.max(connections, IN_FLIGHT))
                            .signIn(stack.frontDoor())) {
                new Load(stack, gateway, settings.root(), folder).run();
            }
        }
        System.out.println();
        System.out.println(Machine.here());
        System.out.println();
        System.out.println(Figure.table(figures));
        return 0;
    }

    private static void say(String text) {
        System.out.println(text);
    }

    private void add(Figure figure) {
        figures.add(figure);
    }

    private void start(Path root, Path data) throws IOException, InterruptedException {
        say("Starting the system by ./run: once for what a build leaves to the first start, on no data, and again.");
        var afterBuild = StartUp.measure(root, data, true);
        var first = StartUp.measure(root, data, true);
        var second = StartUp.measure(root, data, false);
        var below = Target.below(60);
        add(Figure.of(
                "./run to \"Ready: \", the first of this run",
                "s",
                afterBuild.toReady().toMillis() / 1e3));
        add(Figure.of(
                "./run to \"Ready: \", on no data", "s", below, first.toReady().toMillis() / 1e3));
        add(Figure.of(
                "./run to \"Ready: \", on data", "s", below, second.toReady().toMillis() / 1e3));
        add(Figure.of("SIGTERM to the end", "s", second.toEnd().toMillis() / 1e3));
        if (second.memory().rss() > 0) {
            add(Figure.of(
                    "resident after the start, PSS",
                    "MiB",
                    Target.below(2560),
                    second.memory().pssMebibytes()));
            add(Figure.of(
                    "resident after the start, RSS", "MiB", second.memory().rssMebibytes()));
        }
    }

    /** What is measured on one stack. */
    private final class Load {
        private final Stack stack;
        private final Shop gateway;
        private final Path root;
        private final Path folder;
        private final Books books;

        Load(Stack stack, Shop gateway, Path root, Path folder) {
            this.stack = stack;
            this.gateway = gateway;
            this.root = root;
            this.folder = folder;
            this.books = new Books(stack.postgresPrimary().toString());
        }

        void run() throws Exception {
            books.keepCommitTimes();
            stack.stop(PRIMARY);
            stack.start(PRIMARY);
            awaitOrders();
            warmUp();
            books.awaitSettled(DRAINING);
            if (parts.contains(Part.ORDERS)) {
                orders();
            }
            if (parts.contains(Part.SETTLING)) {
                settling();
            }
            if (parts.contains(Part.READS)) {
                reads();
            }
            memory();
        }

        /** The compilers of four JVMs share the cores with everything else, and take minutes. */
        private void warmUp() throws Exception {
            say("Warming up until the rate no longer grows, for " + warmUp + " s at most.");
            long end = System.nanoTime() + Duration.ofSeconds(warmUp).toNanos();
            double best = 0;
            for (int notGrown = 0; notGrown < 3 && System.nanoTime() - end < 0; ) {
                double rate = place(WARM_UP_STEP).perSecond();
                say("  %.0f/s".formatted(rate));
                notGrown = rate > best * GROWN ? 0 : notGrown + 1;
                best = Math.max(best, rate);
            }
        }

        /** The services come back to a database that was away in their own time. */
        private void awaitOrders() throws InterruptedException, IOException {
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            for (int inARow = 0; inARow < 20; ) {
                try {
                    gateway.place();
                    inARow++;
                } catch (IOException e) {
                    if (System.nanoTime() - end > 0) {
                        throw e;
                    }
                    inARow = 0;
                    Thread.sleep(200);
                }
            }
        }

        private ClosedLoop.Result place(Duration length) throws Exception {
            return ClosedLoop.run(connections, length, number -> gateway::place);
        }

        private void orders() throws Exception {
            var accepted = new ArrayList<ClosedLoop.Result>();
            var plain = new ArrayList<ClosedLoop.Result>();
            var profiles = new ArrayList<Profile>();
            try (var jdbc = PlainJdbc.create(
                    books.postgres(), root.resolve("orders-service/src/main/resources/db/migration"))) {
                jdbc.run(connections, Duration.ofSeconds(5)); // warm-up
                for (int round = 1; round <= ROUNDS; round++) {
                    say("Placing orders through the gateway, round " + round + ".");
                    if (profile && round == 1) {
                        profiles.addAll(profile("orders"));
                    }
                    long before = books.orders();
                    var usage = new Usage();
                    var result = place(Duration.ofSeconds(seconds));
                    if (round == 1) {
                        usage.print();
                    }
                    if (books.orders() - before < result.calls()) {
                        throw new IllegalStateException("Accepted orders are missing in the database.");
                    }
                    tell(result);
                    accepted.add(result);
                    long unsettled = books.unsettled();
                    long begin = System.nanoTime();
                    if (!books.awaitSettled(DRAINING)) {
                        throw new IllegalStateException("Accepted orders do not settle.");
                    }
                    say("  %d of them were not settled at the end, and all were %.1f s later."
                            .formatted(unsettled, (System.nanoTime() - begin) / 1e9));
                    say("The same transactions by plain JDBC, round " + round + ".");
                    plain.add(jdbc.run(connections, Duration.ofSeconds(seconds)));
                    tell(plain.getLast());
                }
            }
            for (var recording : profiles) {
                say(recording.component() + System.lineSeparator() + recording.hotMethods());
            }
            double throughGateway = perSecond(accepted);
            double byJdbc = perSecond(plain);
            add(Figure.of("orders accepted through the gateway", "/s", Target.atLeast(1_000), throughGateway));
            add(Figure.of("the same transaction by plain JDBC", "/s", byJdbc));
            add(Figure.ratio("gateway to plain JDBC", throughGateway, byJdbc));
        }

        private void settling() throws Exception {
            say("Placing " + rate + " orders per second.");
            Settling.measure(gateway, books, rate, Duration.ofSeconds(10)); // gets used to the calmer pace
            var usage = new Usage();
            var measured = Settling.measure(gateway, books, rate, Duration.ofSeconds(3L * seconds));
            usage.print();
            if (measured.unsettled() > 0) {
                throw new IllegalStateException(measured.unsettled() + " accepted orders did not settle.");
            }
            var at = " at " + rate + "/s, ";
            add(Figure.of(
                    "placing to settled as a polling client sees it" + at + "p50",
                    "ms",
                    Target.below(60),
                    millis(measured.seen(), 50)));
            add(Figure.of(
                    "placing to settled as a polling client sees it" + at + "p99",
                    "ms",
                    Target.below(300),
                    millis(measured.seen(), 99)));
            add(Figure.of("placing to the outcome's commit" + at + "p50", "ms", millis(measured.settled(), 50)));
            add(Figure.of("placing to the outcome's commit" + at + "p99", "ms", millis(measured.settled(), 99)));
            add(Figure.of("placing to 201" + at + "p50", "ms", millis(measured.accepted(), 50)));
            add(Figure.of("placing to 201" + at + "p99", "ms", millis(measured.accepted(), 99)));
            add(Figure.of("not accepted" + at + "of " + 3L * seconds * rate, "orders", measured.failures()));
        }

        private void reads() throws Exception {
            var ids = new ArrayList<String>();
            for (int i = 0; i < 500; i++) {
                ids.add(gateway.place());
            }
            books.awaitSettled(DRAINING);
            var services = stack.status().stream()
                    .filter(component -> component.name().startsWith("orders-service"))
                    .map(component -> URI.create(component.address()))
                    .toList();
            try (var direct = new Shop(services, connections).signIn(stack.frontDoor())) {
                say("Reading orders, to warm up.");
                read(gateway, ids, Duration.ofSeconds(30));
                read(direct, ids, Duration.ofSeconds(5));
                var through = new ArrayList<ClosedLoop.Result>();
                var past = new ArrayList<ClosedLoop.Result>();
                var profiles = new ArrayList<Profile>();
                for (int round = 1; round <= ROUNDS; round++) {
                    say("Reading orders through the gateway, round " + round + ".");
                    if (profile && round == 1) {
                        profiles.addAll(profile("reads"));
                    }
                    var usage = new Usage();
                    through.add(read(gateway, ids, Duration.ofSeconds(seconds)));
                    if (round == 1) {
                        usage.print();
                    }
                    tell(through.getLast());
                    say("Reading orders from the service directly, round " + round + ".");
                    past.add(read(direct, ids, Duration.ofSeconds(seconds)));
                    tell(past.getLast());
                }
                for (var recording : profiles) {
                    say(recording.component() + System.lineSeparator() + recording.hotMethods());
                }
                add(Figure.of(
                        "cached GET /api/orders/{id} through the gateway",
                        "/s",
                        Target.atLeast(3_000),
                        perSecond(through)));
                add(Figure.of("the same from the service directly", "/s", perSecond(past)));
                add(Figure.ratio("gateway to directly", perSecond(through), perSecond(past)));
            }
        }

        private ClosedLoop.Result read(Shop shop, List<String> ids, Duration length) throws Exception {
            return ClosedLoop.run(connections, length, number -> {
                var next = new AtomicInteger(number * ids.size() / connections);
                return () -> {
                    if (!Shop.isSettled(shop.order(ids.get(next.getAndIncrement() % ids.size())))) {
                        throw new IOException("A settled order is shown as placed.");
                    }
                };
            });
        }

        private void memory() {
            var all = Memory.NONE;
            var table = new Table("component", "PSS MiB", "RSS MiB");
            for (var component : stack.status()) {
                var memory = Memory.of(component.pid());
                if (memory.isEmpty()) {
                    return;
                }
                all = all.plus(memory.get());
                table.row(
                        component.name(),
                        "%.0f".formatted(memory.get().pssMebibytes()),
                        "%.0f".formatted(memory.get().rssMebibytes()));
            }
            say(table.toString());
            add(Figure.of("resident after the load, PSS", "MiB", Target.below(2560), all.pssMebibytes()));
            add(Figure.of("resident after the load, RSS", "MiB", all.rssMebibytes()));
        }

        private List<Profile> profile(String part) throws IOException, InterruptedException {
            var profiles = new ArrayList<Profile>();
            for (var component : stack.status()) {
                if (component.name().matches("(gateway|orders-service|worker)-.*")) {
                    profiles.add(Profile.start(
                            component.name(),
                            component.pid(),
                            folder.resolve("profiles-" + part),
                            Duration.ofSeconds(seconds)));
                }
            }
            return profiles;
        }

        /** Which program used how much of the processors, from its making on. */
        private final class Usage {
            private final Instant begin = Instant.now();
            private final Map<String, Duration> before = now();

            private Map<String, Duration> now() {
                var used = new LinkedHashMap<String, Duration>();
                for (Component component : stack.status()) {
                    used.put(component.name(), Cpu.of(component.pid()));
                }
                used.put("this load generator", Cpu.ofThis());
                return used;
            }

            void print() {
                var after = now();
                double length = Duration.between(begin, Instant.now()).toNanos() / 1e9;
                var table = new Table("program", "% of a core");
                after.forEach((name, used) -> table.row(
                        name,
                        "%.0f"
                                .formatted(used.minus(before.getOrDefault(name, Duration.ZERO))
                                                .toNanos()
                                        / 1e7
                                        / length)));
                say(table.toString());
            }
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
