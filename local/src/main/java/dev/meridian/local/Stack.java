package dev.meridian.local;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The whole system as processes on this machine's loopback: started, watched, hurt and stopped by name.
 *
 * <p>Safe for use by several threads. The processes end with this JVM, however it ends.
 */
public final class Stack implements AutoCloseable {

    private final StackSettings settings;
    private final Consumer<String> progress;
    private final DataFolder folder;
    private final Plan plan;
    private final Map<String, Child> children = new LinkedHashMap<>();
    private final StandbyWatch standbyWatch;
    private final Thread shutdownHook;

    /** What went wrong during the start, in the order in which it did. */
    private final List<StackException> failures = new CopyOnWriteArrayList<>();

    private volatile boolean stopping;
    private volatile boolean started;
    private int controlPort;
    private String controlSecret = "";

    private Stack(StackSettings settings, Consumer<String> progress, UnaryOperator<Plan> trim) {
        this.settings = settings;
        this.progress = progress;
        this.folder = DataFolder.open(settings.data());
        try {
            folder.endLeftovers();
            this.plan = trim.apply(new Blueprint(settings, folder).plan());
            if (settings.fresh()) {
                List<String> folders = new ArrayList<>(
                        plan.programs().stream().map(Program::name).toList());
                // Last: as long as there are data, it is known whose count.
                folders.add(PostgresPair.FOLDER);
                folder.wipe(folders);
            }
            plan.postgres().primary(); // is known, or nothing starts
        } catch (IOException e) {
            folder.close();
            throw new StackException("Cannot use the data folder " + settings.data() + ": " + e, e);
        } catch (StackException e) {
            folder.close();
            throw e;
        }
        plan.remarks().forEach(progress);
        for (Program program : plan.programs()) {
            children.put(
                    program.name(),
                    new Child(program, folder.of(program.name()), folder.log(program.name()), new Watch()));
        }
        this.standbyWatch = new StandbyWatch(plan.postgres(), progress);
        this.shutdownHook = new Thread(this::stop, "stop-the-stack");
        Runtime.getRuntime().addShutdownHook(shutdownHook);
    }

    /** Starts everything and returns when all of it serves. */
    public static Stack start(StackSettings settings) {
        return start(settings, line -> {});
    }

    /**
     * Starts everything and returns when all of it serves.
     *
     * @param progress gets a line for each thing worth telling, during the start and after it
     * @throws StackException saying in one line what is wrong; nothing is left running then
     */
    public static Stack start(StackSettings settings, Consumer<String> progress) {
        return start(settings, progress, plan -> plan);
    }

    /** @param trim leaves out what a test does without */
    static Stack start(StackSettings settings, Consumer<String> progress, UnaryOperator<Plan> trim) {
        Stack stack = new Stack(settings, progress, trim);
        try {
            stack.standbyWatch.start();
            stack.startAll();
            stack.openFrontDoor();
            stack.finishStart();
            return stack;
        } catch (RuntimeException e) {
            stack.stop();
            throw e;
        }
    }

    private void startAll() {
        Map<String, CompletableFuture<Void>> starts = new LinkedHashMap<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Child child : inOrderOfStart()) {
                CompletableFuture<?>[] before =
                        child.program().after().stream().map(starts::get).toArray(CompletableFuture<?>[]::new);
                starts.put(
                        child.name(),
                        CompletableFuture.allOf(before)
                                .thenRunAsync(
                                        () -> {
                                            try {
                                                startTelling(child);
                                            } catch (StackException e) {
                                                failures.add(e);
                                                throw e;
                                            }
                                        },
                                        threads));
            }
            CompletableFuture.allOf(starts.values().toArray(CompletableFuture<?>[]::new))
                    .join();
        } catch (CompletionException e) {
            // The first failure is the cause; what follows from it is noise.
            throw failures.isEmpty() ? new StackException("The start failed: " + e.getCause(), e) : failures.getFirst();
        }
    }

    private List<Child> inOrderOfStart() {
        return children.values().stream()
                .sorted(Comparator.comparingInt(child -> plan.level(child.program())))
                .toList();
    }

    /** The services have registered by themselves; now the front door has to find them. */
    private void openFrontDoor() {
        if (settings.services()) {
            FrontDoor door = new FrontDoor(plan.frontDoor());
            if (!door.opens(() -> stopping || !failures.isEmpty()) && failures.isEmpty()) {
                throw new StackException("The front door " + plan.frontDoor()
                        + " does not lead to the services; see the logs in "
                        + settings.data().resolve("logs") + ".");
            }
        }
    }

    private void finishStart() {
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
        started = true;
    }

    private void startTelling(Child child) {
        long begin = System.nanoTime();
        child.start(settings.startLimit(), () -> stopping || !failures.isEmpty());
        progress.accept(String.format(
                "%-22s %-26s %4.1f s", child.name(), child.program().address(), (System.nanoTime() - begin) / 1e9));
    }

    /** Lets the programs that can start faster from now on learn to, one after the other; takes a minute or two. */
    void train() {
        for (Child child : children.values()) {
            child.program().training().filter(Training::isDue).ifPresent(training -> {
                try {
                    training.run(settings.data(), folder.log("training"), () -> stopping);
                } catch (IOException e) {
                    progress.accept("Cannot prepare a faster start of " + child.name() + ": " + e);
                }
            });
        }
    }

    /** All components as they stand now. */
    public List<Component> status() {
        // Each answer may take a second when something hangs.
        return children.values().parallelStream().map(Child::component).toList();
    }

    /** @throws StackException when there is none of that name */
    public Component component(String name) {
        return child(name).component();
    }

    /** Starts a program that is down and returns when it serves; one that runs is left alone. */
    public void start(String name) {
        child(name).start(settings.startLimit(), () -> stopping);
    }

    /** Ends a program in order. */
    public void stop(String name) {
        child(name).stop();
        recordQuietly();
    }

    /** kill -9. */
    public void kill(String name) {
        child(name).kill();
        recordQuietly();
    }

    /**
     * Makes the replica the primary, and ends the one that is. Returns when the new one takes writes; the former becomes
     * the replica when it is started again.
     *
     * @return the name of the new primary
     * @throws StackException when there is no replica that is fit for it; nothing is changed then
     */
    public String promote() {
        return promote(Promotion.CATCH_UP);
    }

    String promote(Duration catchUp) {
        try {
            Promotion promotion = new Promotion(plan.postgres(), server -> child(server.name()));
            String primary = standbyWatch.still(() -> promotion.run(catchUp));
            progress.accept(primary + " is the primary now.");
            return primary;
        } finally {
            recordQuietly();
        }
    }

    /** What commits on the primary wait for from now on, see {@link #isReplicaInStep}. */
    public void replicate(Replication how) {
        standbyWatch.replicate(how);
    }

    /** Whether replication is synchronous, and the replica has all that was ever acknowledged. */
    public boolean isReplicaInStep() {
        return plan.postgres().roles().inStep();
    }

    /** SIGSTOP: it is alive, silent, and its connections stay open. */
    public void pause(String name) {
        child(name).pause();
    }

    /** SIGCONT. */
    public void resume(String name) {
        child(name).resume();
    }

    /** @throws StackException when the component is not in that state within the limit */
    public void await(String name, ComponentState state, Duration limit) {
        Child child = child(name);
        if (!Deadline.in(limit).await(() -> child.state() == state)) {
            throw new StackException(
                    name + " was not " + state + " within " + limit.toSeconds() + " s: " + child.hint());
        }
    }

    private Child child(String name) {
        Child child = children.get(name);
        if (child == null) {
            throw new StackException(
                    "There is no component " + name + "; there are " + String.join(", ", children.keySet()) + ".");
        }
        return child;
    }

    /** Where clients come in; the origin of tokens and pages. */
    public URI frontDoor() {
        return plan.frontDoor();
    }

    public int frontDoorPort() {
        return plan.frontDoor().getPort();
    }

    /** Both PostgreSQL servers, as a pgjdbc URL takes them: host:port,host:port. */
    public String postgresHosts() {
        return plan.postgres().hosts();
    }

    /** The server that is the primary now. */
    public Address postgresPrimary() {
        return plan.postgres().primary().address();
    }

    /** The server that is the replica now, or will be when it is started. */
    public Address postgresReplica() {
        return plan.postgres().replica().address();
    }

    public String kafkaBootstrapServers() {
        return plan.kafka().toString();
    }

    public Address redis() {
        return plan.redis();
    }

    /**
     * Where the CDN takes PURGE and BAN, which its front door does not.
     *
     * @throws StackException when there is no CDN
     */
    public Address cdnInside() {
        return plan.cdnInside().orElseThrow(() -> new StackException("There is no " + Varnish.NAME + " here."));
    }

    public Path data() {
        return settings.data();
    }

    /** The log of a component. */
    public Path log(String name) {
        return child(name).log().path();
    }

    /** Makes the stack known to commands from elsewhere. */
    void announce(int port, String secret) {
        controlPort = port;
        controlSecret = secret;
        recordQuietly();
    }

    /** Ends everything in order: whoever depends on another ends before it. Bounded; may be called again. */
    public synchronized void stop() {
        if (stopping) {
            return;
        }
        stopping = true;
        if (started) {
            progress.accept("Stopping.");
        }
        standbyWatch.close();
        Map<Integer, List<Child>> levels = new TreeMap<>(Comparator.reverseOrder());
        for (Child child : children.values()) {
            levels.computeIfAbsent(plan.level(child.program()), level -> new ArrayList<>())
                    .add(child);
        }
        for (List<Child> level : levels.values()) {
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                level.forEach(child -> threads.submit(started ? child::stop : child::kill));
            }
        }
        synchronized (folder) {
            folder.close();
        }
        plan.close();
        try {
            Runtime.getRuntime().removeShutdownHook(shutdownHook);
        } catch (IllegalStateException e) {
            // The JVM is ending, and this is the hook.
        }
    }

    @Override
    public void close() {
        stop();
    }

    private void recordState() throws IOException {
        synchronized (folder) {
            if (stopping) {
                return;
            }
            List<DataFolder.Running> running = new ArrayList<>();
            for (Child child : children.values()) {
                child.process().ifPresent(process -> running.add(new DataFolder.Running(child.name(), process)));
            }
            folder.record(new DataFolder.Supervisor(
                    OsProcess.of(ProcessHandle.current()), controlPort, controlSecret, List.copyOf(running)));
        }
    }

    private void recordQuietly() {
        try {
            recordState();
        } catch (IOException e) {
            progress.accept("Cannot write the state of the stack: " + e);
        }
    }

    private final class Watch implements Child.Listener {
        @Override
        public void started(Child child) {
            recordQuietly();
        }

        @Override
        public void died(Child child, int exit) {
            if (stopping) {
                return;
            }
            if (!started) {
                failures.add(child.deathDuringStart(exit));
            } else {
                progress.accept(child.name() + " ended on its own with status " + exit + "; its log is "
                        + child.log().path());
            }
        }
    }
}
