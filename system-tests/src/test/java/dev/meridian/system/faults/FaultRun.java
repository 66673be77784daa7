package dev.meridian.system.faults;

import dev.meridian.local.Component;
import dev.meridian.local.ComponentState;
import dev.meridian.local.Stack;
import dev.meridian.local.StackException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** One fault after the other while clients use the system, and the check of every promise once it has settled. */
public final class FaultRun {

    private static final int CLIENTS = 8;
    private static final Duration QUIET = Duration.ofSeconds(5);
    private static final Duration RECOVERY = Duration.ofSeconds(90);
    private static final int STARTS = 3;
    private static final Duration DRAIN = Duration.ofSeconds(120);
    private static final Duration LAST_WISH = Duration.ofSeconds(120);
    private static final Duration FINAL_READS = Duration.ofSeconds(30);

    private final Stack stack;
    private final FaultSettings settings;
    private final Path folder;
    private final History history;
    private final List<Fault.Injected> schedule = new ArrayList<>();
    private final AtomicBoolean stopped = new AtomicBoolean();

    private FaultRun(Stack stack, FaultSettings settings, Path folder, History history) {
        this.stack = stack;
        this.settings = settings;
        this.folder = folder;
        this.history = history;
    }

    /** @param violations each in one line; none where every promise was kept */
    public record Result(Path report, List<String> violations) {}

    /** Whatever follows the time for faults, at the most. */
    public static Duration aftermath() {
        return LAST_WISH.multipliedBy(2).plus(DRAIN).plus(FINAL_READS).plus(RECOVERY.multipliedBy(STARTS));
    }

    /**
     * Runs it against a system that is up, and leaves it up.
     *
     * @param folder where the report and the history go
     */
    public static Result on(Stack stack, FaultSettings settings, Path folder) throws IOException, InterruptedException {
        try (History history = History.in(folder.resolve("history.jsonl"))) {
            return new FaultRun(stack, settings, folder, history).run();
        }
    }

    private Result run() throws IOException, InterruptedException {
        say("Random faults, %s".formatted(settings.toRepeat()));
        List<String> customers = IntStream.rangeClosed(1, CLIENTS)
                .mapToObj(number -> "shopper-" + number)
                .toList();
        Accounts accounts = Accounts.open(stack, customers);
        List<Session> sessions = customers.stream()
                .map(customer -> new Session(stack.frontDoor(), customer))
                .toList();
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try {
            signIn(sessions);
            if (!within(RECOVERY, () -> Shopper.isCancellationOffered(sessions.getFirst()))) {
                throw new IllegalStateException("Orders cannot be cancelled");
            }
            List<Shopper> shoppers = IntStream.range(0, CLIENTS)
                    .mapToObj(i -> new Shopper(i + 1, sessions.get(i), history, settings.seed(), this::shoppingGoesOn))
                    .toList();
            List<Future<?>> shopping = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Shopper shopper = shoppers.get(i);
                Shopper other = shoppers.get((i + 1) % CLIENTS);
                shopping.add(threads.submit(() -> {
                    shopper.shop(other::recent);
                    return null;
                }));
            }
            injectFaults();
            stopped.set(true);
            all(shopping, LAST_WISH);
            everybody(threads, shoppers, LAST_WISH, shopper -> shopper.resolve(LAST_WISH.dividedBy(2)));
            boolean settled = within(DRAIN, accounts::areSettled);
            List<String> remarks = new ArrayList<>();
            if (!settled) {
                remarks.add("It had not settled after " + DRAIN.toSeconds() + " s.");
            }
            List<Verdict> verdicts = verdicts(threads, shoppers, accounts);
            verdicts.add(Verdict.of("Every connection goes back to its pool", keptConnections()));
            return report(verdicts, remarks);
        } finally {
            stopped.set(true);
            threads.shutdownNow();
            sessions.forEach(Session::close);
        }
    }

    private static void signIn(List<Session> sessions) {
        for (Session session : sessions) {
            if (!within(RECOVERY, session::isSignedIn)) {
                throw new IllegalStateException("No token for " + session.customer()
                        + "; the issuer has to know it (see the module's src/test/customers)");
            }
        }
    }

    private void injectFaults() throws InterruptedException {
        Schedule faults = new Schedule(
                settings.seed(),
                stack.status().stream().map(Component::name).sorted().toList());
        Thread.sleep(QUIET);
        while (history.now().compareTo(settings.time()) < 0 && !history.isFull()) {
            Fault.Injected injected = inject(faults.next());
            schedule.add(injected);
            say(injected.toString());
            if (!injected.trouble().isEmpty()) {
                return;
            }
            Thread.sleep(faults.breather());
        }
    }

    private Fault.Injected inject(Fault fault) throws InterruptedException {
        Duration begin = history.now();
        say("%7.1f s  %s".formatted(begin.toMillis() / 1e3, fault));
        String component = fault.component();
        switch (fault.kind()) {
            case KILL -> stack.kill(component);
            case PAUSE -> stack.pause(component);
            case RESTART -> stack.stop(component);
        }
        Thread.sleep(fault.length());
        String trouble = bringBack(fault);
        return new Fault.Injected(fault, begin, history.now(), trouble);
    }

    /** @return why it did not come back; empty where it did */
    private String bringBack(Fault fault) {
        String component = fault.component();
        StackException failure = null;
        for (int attempt = 1; attempt <= STARTS; attempt++) {
            try {
                switch (fault.kind()) {
                    case KILL, RESTART -> stack.start(component);
                    case PAUSE -> stack.resume(component);
                }
                stack.await(component, ComponentState.UP, RECOVERY);
                return within(RECOVERY, this::frontDoorLeadsIn) ? "" : "the front door does not lead in";
            } catch (StackException e) {
                failure = e;
            }
        }
        return String.valueOf(failure);
    }

    private boolean frontDoorLeadsIn() {
        URI description = stack.frontDoor().resolve("/api/openapi");
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(
                                    HttpRequest.newBuilder(description)
                                            .timeout(Duration.ofSeconds(5))
                                            .build(),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private List<Verdict> verdicts(ExecutorService threads, List<Shopper> shoppers, Accounts accounts)
            throws InterruptedException {
        List<Verdict> verdicts = new ArrayList<>();
        try {
            Ledger ledger = accounts.ledger();
            everybody(
                    threads,
                    shoppers,
                    FINAL_READS.multipliedBy(2),
                    shopper -> shopper.readFinally(ledger.orders().values(), FINAL_READS));
            verdicts.addAll(Checker.check(history.calls(), ledger));
        } catch (Accounts.Unreadable e) {
            verdicts.add(Verdict.of("The books can be read in the end", List.of(e.toString())));
        }
        verdicts.add(Verdict.of(
                "Every process comes back",
                schedule.stream()
                        .filter(injected -> !injected.trouble().isEmpty())
                        .map(Fault.Injected::toString)
                        .toList()));
        // A run that did nothing would keep every promise.
        verdicts.add(Verdict.of(
                "Orders were placed, and faults injected",
                schedule.isEmpty()
                                || history.calls().stream()
                                        .noneMatch(call -> !call.seen().isEmpty())
                        ? List.of(
                                schedule.size() + " faults, " + history.calls().size() + " calls")
                        : List.of()));
        return verdicts;
    }

    private List<String> keptConnections() throws IOException, InterruptedException {
        try (var connections =
                new KeptConnections(URI.create(stack.component("discovery-dc1").address()))) {
            return connections.within(Duration.ofSeconds(30));
        }
    }

    private Result report(List<Verdict> verdicts, List<String> remarks) throws IOException {
        if (history.isFull()) {
            remarks.add("The history was full before the time was over.");
        }
        Path file = folder.resolve("report.md").toAbsolutePath().normalize();
        new Report(settings, List.copyOf(schedule), history.calls(), history.wishes(), verdicts, remarks).writeTo(file);
        verdicts.forEach(verdict -> say((verdict.holds() ? "PASS  " : "FAIL  ") + verdict.promise()));
        say("The report is " + file);
        return new Result(
                file,
                verdicts.stream()
                        .filter(verdict -> !verdict.holds())
                        .map(verdict -> verdict.promise() + ", broken " + verdict.count() + " times: "
                                + verdict.examples().getFirst())
                        .toList());
    }

    private boolean shoppingGoesOn() {
        return !stopped.get() && !history.isFull();
    }

    private interface Errand {
        void run(Shopper shopper) throws InterruptedException;
    }

    private static void everybody(ExecutorService threads, List<Shopper> shoppers, Duration limit, Errand errand)
            throws InterruptedException {
        List<Future<?>> errands = new ArrayList<>();
        for (Shopper shopper : shoppers) {
            errands.add(threads.submit(() -> {
                errand.run(shopper);
                return null;
            }));
        }
        all(errands, limit);
    }

    private static void all(List<Future<?>> tasks, Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        for (Future<?> task : tasks) {
            try {
                task.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (ExecutionException e) {
                throw new IllegalStateException("A client failed", e.getCause());
            } catch (TimeoutException e) {
                throw new IllegalStateException("A client hangs", e);
            }
        }
    }

    private static boolean within(Duration limit, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            try {
                Thread.sleep(200);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    private static void say(String line) {
        System.out.println(line);
    }
}
