package dev.meridian.local.process;

import dev.meridian.local.Component;
import dev.meridian.local.ComponentState;
import dev.meridian.local.StackException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A program and its process, which may have ended without our doing. Safe for use by several threads. */
public final class ManagedProcess {

    private static final Duration SIGNAL_LIMIT = Duration.ofSeconds(5);

    private final Program program;
    private final Path folder;
    private final LogFile log;
    private final Runnable onSpawn;
    private final Consumer<StackException> onDeath;

    private volatile @Nullable OsProcess process;

    /** Where in the log the output of the current process begins. */
    private volatile long logStart;

    /** Whether the end of the current process was asked for; the next process has one of its own. */
    private volatile AtomicBoolean endRequested = new AtomicBoolean();

    /**
     * @param folder where the program works
     * @param onSpawn called when it has a process
     * @param onDeath called when the process ended after its start without being asked to
     */
    public ManagedProcess(
            Program program, Path folder, LogFile log, Runnable onSpawn, Consumer<StackException> onDeath) {
        this.program = program;
        this.folder = folder;
        this.log = log;
        this.onSpawn = onSpawn;
        this.onDeath = onDeath;
    }

    public Program program() {
        return program;
    }

    public Optional<OsProcess> process() {
        return Optional.ofNullable(process).filter(OsProcess::isAlive);
    }

    /** What it is doing now, asked of the system and of the program itself. */
    public ComponentState state() {
        Optional<OsProcess> running = process();
        if (running.isPresent() && running.get().isPaused()) {
            return ComponentState.PAUSED;
        }
        return running.isPresent() && program.ready() ? ComponentState.UP : ComponentState.DOWN;
    }

    public Component component() {
        return new Component(
                program.name(),
                program.type(),
                program.role().orElse(null),
                Component.DATACENTER,
                state(),
                process().map(OsProcess::pid).orElse(0L),
                program.address());
    }

    /**
     * Starts it and waits until it serves; one that runs already is left alone.
     *
     * @param abandoned ends the waiting early when it becomes true
     * @throws StackException when it ends meanwhile or does not serve within the limit; it does not run then
     */
    public synchronized void start(Duration limit, BooleanSupplier abandoned) {
        if (process().isPresent()) {
            return;
        }
        Deadline deadline = Deadline.in(limit);
        try {
            Files.createDirectories(folder);
            log.rollOver();
            program.prepare();
            logStart = log.size();
            AtomicBoolean requested = new AtomicBoolean();
            endRequested = requested;
            Process spawned =
                    Spawner.spawn(program.identity(), program.command(), program.environment(), folder, log.path());
            process = OsProcess.of(spawned.toHandle());
            onSpawn.run();
            awaitStarted(spawned, deadline, abandoned);
            program.afterStart();
            spawned.onExit().thenAccept(ended -> {
                if (!requested.get()) {
                    onDeath.accept(death(ended));
                }
            });
        } catch (IOException e) {
            kill();
            throw new StackException("Cannot start " + program.name() + ": " + e, e);
        } catch (StackException e) {
            kill();
            throw e;
        }
    }

    private void awaitStarted(Process spawned, Deadline deadline, BooleanSupplier abandoned) {
        boolean started = deadline.await(() -> !spawned.isAlive() || abandoned.getAsBoolean() || program.started());
        if (!spawned.isAlive()) {
            throw death(spawned);
        }
        if (abandoned.getAsBoolean()) {
            throw new StackException("The start was broken off.");
        }
        if (!started) {
            throw new StackException(program.name() + " did not become ready in time; " + logHint());
        }
    }

    private StackException death(Process ended) {
        return new StackException(
                program.name() + " ended on its own with status " + ended.exitValue() + "; " + logHint());
    }

    /** Why it may not be in the state that it should be in, for messages. */
    public String logHint() {
        String reason = log.reasonSince(logStart);
        return "its log " + log.path() + (reason.isEmpty() ? " is empty." : " says: " + reason);
    }

    /** Ends it in order, and by force when it takes too long. */
    public synchronized void stop() {
        endRequested.set(true);
        process().ifPresent(running -> {
            if (running.isPaused()) {
                running.signalAll(Signal.CONT);
            }
            program.stopSignal().send(running.pid());
            if (!Deadline.in(program.stopTimeout()).await(() -> !running.isAlive())) {
                running.kill(SIGNAL_LIMIT);
            }
        });
    }

    /** kill -9, with all that it started, as when the machine under it is gone. */
    public synchronized void kill() {
        endRequested.set(true);
        process().ifPresent(running -> running.kill(SIGNAL_LIMIT));
    }

    /** Does something that a start, a stop or a kill of this program in another thread must wait for. */
    public synchronized void undisturbed(Runnable action) {
        action.run();
    }

    /**
     * SIGSTOP. Returns when the process stands still, which a busy machine takes a moment for.
     *
     * @throws StackException when it does not run
     */
    public synchronized void pause() {
        OsProcess running = running();
        running.signalAll(Signal.STOP);
        Deadline.in(SIGNAL_LIMIT).await(() -> running.isPaused() || !running.isAlive());
    }

    /**
     * SIGCONT.
     *
     * @throws StackException when it does not run
     */
    public synchronized void resume() {
        running().signalAll(Signal.CONT);
    }

    private OsProcess running() {
        return process().orElseThrow(() -> new StackException(program.name() + " does not run."));
    }
}
