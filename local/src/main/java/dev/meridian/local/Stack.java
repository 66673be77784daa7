package dev.meridian.local;

import dev.meridian.local.kafka.KafkaBroker;
import dev.meridian.local.postgres.PostgresPair;
import dev.meridian.local.postgres.Promotion;
import dev.meridian.local.postgres.StandbyWatch;
import dev.meridian.local.process.Deadline;
import dev.meridian.local.process.ManagedProcess;
import dev.meridian.local.process.OsProcess;
import dev.meridian.local.process.Program;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The whole system as processes on this machine's loopback: started, watched, hurt and stopped by name.
 *
 * <p>Safe for use by several threads. The processes end with this JVM, however it ends.
 */
public final class Stack implements AutoCloseable {

    /** How long one program may take to start. */
    private static final Duration START_LIMIT = Duration.ofMinutes(3);

    private final Consumer<String> progress;
    private final DataFolder folder;
    private final StackDefinition definition;
    private final Map<String, ManagedProcess> processes = new LinkedHashMap<>();
    private final StandbyWatch standbyWatch;
    private final Thread shutdownHook;

    /** What went wrong during the start, in the order in which it did: the first is the cause, the others follow. */
    private final List<StackException> failures = new CopyOnWriteArrayList<>();

    private volatile boolean stopping;
    private volatile boolean started;
    private String control = "";

    private Stack(StackSettings settings, Consumer<String> progress, Predicate<String> wanted) {
        this.progress = progress;
        this.folder = DataFolder.open(settings.data());
        try {
            folder.endLeftovers();
            this.definition = new StackDefinition(settings, wanted, progress);
            if (settings.fresh()) {
                folder.wipe(definition.programs.stream().map(Program::name).toList());
                // Last: as long as there are data, it is known which of them count.
                folder.wipe(List.of(PostgresPair.FOLDER, PostgresPair.RESTORED));
            }
            takeRestored(folder, definition);
            definition.postgres.primaryAddress(); // is known, or nothing starts
        } catch (IOException | StackException e) {
            folder.close();
            throw e instanceof StackException known
                    ? known
                    : new StackException("Cannot use the data folder " + settings.data() + ": " + e, e);
        }
        for (Program program : definition.programs) {
            String name = program.name();
            Path works = settings.data().resolve(name);
            processes.put(name, new ManagedProcess(program, works, folder.log(name), this::recordState, this::died));
        }
        this.standbyWatch = new StandbyWatch(definition.postgres, progress);
        this.shutdownHook = new Thread(this::stop, "stop-the-stack");
        Runtime.getRuntime().addShutdownHook(shutdownHook);
    }

    /**
     * Starts everything and returns when all of it serves.
     *
     * @param progress gets a line for each thing worth telling, during the start and after it
     * @throws StackException saying in one line what is wrong; nothing is left running then
     */
    public static Stack start(StackSettings settings, Consumer<String> progress) {
        return start(settings, progress, name -> true);
    }

    /** @param wanted the programs, by name, that a test needs */
    static Stack start(StackSettings settings, Consumer<String> progress, Predicate<String> wanted) {
        Stack stack = new Stack(settings, progress, wanted);
        try {
            stack.standbyWatch.start();
            stack.forAll((program, other) -> program.after().contains(other.name()), stack::startWithTheOthers);
            if (settings.services()) {
                stack.openFrontDoor();
            }
            if (!stack.failures.isEmpty()) {
                throw stack.failures.getFirst();
            }
            stack.started = true;
            return stack;
        } catch (RuntimeException e) {
            stack.stop();
            throw e;
        }
    }

    /**
     * Does something to all processes, side by side, and to each after those that come before it; returns when it is
     * done.
     *
     * @param comesAfter whether the first program has to wait for the second
     */
    private void forAll(BiPredicate<Program, Program> comesAfter, Consumer<ManagedProcess> action) {
        Map<ManagedProcess, CountDownLatch> done = new HashMap<>();
        processes.values().forEach(process -> done.put(process, new CountDownLatch(1)));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            done.forEach((process, itsEnd) -> threads.submit(() -> {
                try {
                    for (var other : done.entrySet()) {
                        if (comesAfter.test(process.program(), other.getKey().program())) {
                            other.getValue().await();
                        }
                    }
                    action.accept(process);
                } finally {
                    itsEnd.countDown();
                }
                return null;
            }));
        }
    }

    private void startWithTheOthers(ManagedProcess process) {
        String name = process.program().name();
        long begin = System.nanoTime();
        try {
            process.start(START_LIMIT, this::isGivenUp);
            progress.accept(String.format(
                    "%-22s %-26s %4.1f s", name, process.program().address(), (System.nanoTime() - begin) / 1e9));
        } catch (StackException e) {
            failures.add(e);
        } catch (RuntimeException e) {
            failures.add(new StackException("Cannot start " + name + ": " + e, e));
        }
    }

    private boolean isGivenUp() {
        return stopping || !failures.isEmpty();
    }

    /** The services have registered by themselves; now the front door has to find them. */
    private void openFrontDoor() {
        if (!new FrontDoor(frontDoor()).opens(this::isGivenUp)) {
            failures.add(new StackException("The front door " + frontDoor() + " does not lead to the services; see the"
                    + " logs in " + folder.log("gateway").path().resolveSibling("") + "."));
        }
    }

    /** Lets the programs that can start faster from now on learn to, one after the other; takes a minute or two. */
    public void train() {
        for (Program program : definition.programs) {
            try {
                program.train(folder.log("training").path(), () -> stopping);
            } catch (IOException e) {
                progress.accept("Cannot prepare a faster start of " + program.name() + ": " + e);
            }
        }
    }

    public List<Component> status() {
        // Each answer may take a second when something hangs.
        return processes.values().parallelStream()
                .map(ManagedProcess::component)
                .toList();
    }

    public Component component(String name) {
        return process(name).component();
    }

    /** Starts a program that is down and returns when it serves; one that runs is left alone. */
    public void start(String name) {
        process(name).start(START_LIMIT, () -> stopping);
    }

    /** Ends a program in order. */
    public void stop(String name) {
        process(name).stop();
    }

    /** kill -9. */
    public void kill(String name) {
        process(name).kill();
    }

    /** SIGSTOP: it is alive, silent, and its connections stay open. */
    public void pause(String name) {
        process(name).pause();
    }

    /** SIGCONT. */
    public void resume(String name) {
        process(name).resume();
    }

    /** @throws StackException when the component is not in that state within the limit */
    public void await(String name, ComponentState state, Duration limit) {
        ManagedProcess process = process(name);
        if (!Deadline.in(limit).await(() -> process.state() == state)) {
            throw new StackException(
                    name + " was not " + state + " within " + limit.toSeconds() + " s: " + process.logHint());
        }
    }

    private ManagedProcess process(String name) {
        ManagedProcess process = processes.get(name);
        if (process == null) {
            throw new StackException(
                    "There is no component " + name + "; there are " + String.join(", ", processes.keySet()) + ".");
        }
        return process;
    }

    /**
     * Makes the replica the primary, and ends the one that is; the former becomes the replica when it is started again.
     *
     * @return the name of the new primary, which takes writes
     * @throws StackException when there is no replica that is fit for it; nothing is changed then
     */
    public String promote() {
        return promote(Promotion.CATCH_UP);
    }

    String promote(Duration catchUp) {
        Promotion promotion = new Promotion(definition.postgres, this::process);
        String primary = standbyWatch.still(() -> promotion.run(catchUp));
        progress.accept(primary + " is the primary now.");
        return primary;
    }

    /**
     * Replicates synchronously from now on: a commit is acknowledged when it is on the replica's disk too, so that a
     * promotion loses nothing that was acknowledged. See {@link #isReplicaInStep}.
     *
     * @param wait how long commits wait for a replica that is gone. After that the primary goes on alone, and a promotion
     *     is refused until the replica has caught up. At least 2 s; {@link StackSettings#NO_WAIT} replicates
     *     asynchronously
     */
    public void replicate(Duration wait) {
        standbyWatch.replicate(wait);
    }

    /** Whether replication is synchronous, and the replica has all that was ever acknowledged. */
    public boolean isReplicaInStep() {
        return definition.postgres.inStep();
    }

    /**
     * Writes all data of the databases to a file, from which {@link #restore} brings them back.
     *
     * @throws StackException when it cannot; a former file of that name is as it was then
     */
    public void backUp(Path file) {
        try {
            definition.postgres.backUp(file);
        } catch (IOException e) {
            throw new StackException("Cannot write the backup " + file + ": " + e, e);
        }
    }

    /**
     * Replaces all data by those of a backup. The queue and the cache are emptied, since they may know of orders that came
     * later; orders that were on their way are sent again.
     *
     * @throws StackException while a stack runs on the data, or where the file is no backup; nothing is changed then
     */
    public static void restore(StackSettings settings, Path file) {
        DataFolder folder = DataFolder.open(settings.data());
        try {
            folder.endLeftovers();
            var definition = new StackDefinition(settings.withServices(false), name -> true, line -> {});
            definition.postgres.restore(file);
            takeRestored(folder, definition);
        } catch (IOException e) {
            throw new StackException("Cannot restore " + file + ": " + e, e);
        } finally {
            folder.close();
        }
    }

    /** Finishes what a restoration that was broken off has begun, too. */
    private static void takeRestored(DataFolder folder, StackDefinition definition) throws IOException {
        if (definition.postgres.hasRestored()) {
            folder.wipe(List.of(KafkaBroker.NAME));
            definition.postgres.takeRestored();
        }
    }

    /** Where clients come in. */
    public URI frontDoor() {
        return definition.frontDoor();
    }

    /** Both PostgreSQL servers, as a pgjdbc URL takes them: host:port,host:port. */
    public String postgresHosts() {
        return definition.postgres.hosts();
    }

    public Address postgresPrimary() {
        return definition.postgres.primaryAddress();
    }

    /** The server that is the replica now, or will be when it is started. */
    public Address postgresReplica() {
        return definition.postgres.replicaAddress();
    }

    public String kafkaBootstrapServers() {
        return definition.kafka.address();
    }

    /** The settings with which a Kafka client connects as the administrator. */
    public Map<String, Object> kafkaAdministrator() {
        return definition.kafka.administrator();
    }

    public Address redis() {
        return definition.redis;
    }

    /** Where the CDN takes PURGE and BAN, which its front door does not; null where there is no CDN. */
    public @Nullable Address cdnInside() {
        return definition.cdnInside;
    }

    /** Makes the stack known to the commands of a second terminal, which are sent to that URL. */
    public void announce(String url) {
        control = url;
        recordState();
    }

    /** Ends everything in order: a program before those that it depends on. Bounded; may be called again. */
    public synchronized void stop() {
        if (stopping) {
            return;
        }
        stopping = true;
        if (started) {
            progress.accept("Stopping.");
        }
        standbyWatch.close();
        forAll(
                (program, other) -> other.after().contains(program.name()),
                started ? ManagedProcess::stop : ManagedProcess::kill);
        synchronized (folder) {
            folder.close();
        }
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

    private void died(StackException death) {
        if (!started) {
            failures.add(death);
        } else if (!stopping) {
            progress.accept(String.valueOf(death.getMessage()));
        }
    }

    /** What has ended since is known by its time of birth. */
    private void recordState() {
        synchronized (folder) {
            if (stopping) {
                return;
            }
            List<OsProcess> running = processes.values().stream()
                    .flatMap(process -> process.process().stream())
                    .toList();
            try {
                folder.record(new DataFolder.Supervisor(OsProcess.of(ProcessHandle.current()), control, running));
            } catch (IOException e) {
                progress.accept("Cannot write the state of the stack: " + e);
            }
        }
    }
}
