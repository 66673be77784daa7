package dev.meridian.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A program and its process, which may have ended without our doing. */
final class Child {

    private static final Duration KILL_LIMIT = Duration.ofSeconds(5);

    private static final Duration PAUSE_LIMIT = Duration.ofSeconds(5);

    private final Program program;
    private final Path folder;
    private final LogFile log;

    /** Told when the process starts and when it ends without being asked to. */
    private final Listener listener;

    private volatile @Nullable OsProcess process;

    /** Where in the log the words of the current process begin. */
    private volatile long said;

    /** Whether the end of the current process was asked for; the next process has one of its own. */
    private volatile AtomicBoolean endAsked = new AtomicBoolean();

    interface Listener {
        void started(Child child);

        void died(Child child, int exit);
    }

    Child(Program program, Path folder, LogFile log, Listener listener) {
        this.program = program;
        this.folder = folder;
        this.log = log;
        this.listener = listener;
    }

    Program program() {
        return program;
    }

    String name() {
        return program.name();
    }

    LogFile log() {
        return log;
    }

    Optional<OsProcess> process() {
        return Optional.ofNullable(process).filter(OsProcess::isAlive);
    }

    /** What it is doing now, asked of the system and of the program itself. */
    ComponentState state() {
        Optional<OsProcess> running = process();
        if (running.isEmpty()) {
            return ComponentState.DOWN;
        }
        if (running.get().isPaused()) {
            return ComponentState.PAUSED;
        }
        return program.ready() ? ComponentState.UP : ComponentState.DOWN;
    }

    Component component() {
        return new Component(
                name(),
                program.type(),
                program.role().orElse(null),
                program.datacenter(),
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
    synchronized void start(Duration limit, BooleanSupplier abandoned) {
        if (process().isPresent()) {
            return;
        }
        Deadline deadline = Deadline.in(limit);
        try {
            Files.createDirectories(folder);
            log.rollOver();
            program.prepare();
            if (abandoned.getAsBoolean()) {
                throw new StackException("The start was broken off.");
            }
            said = log.size();
            AtomicBoolean asked = new AtomicBoolean();
            endAsked = asked;
            Process spawned = Spawner.spawn(program.launch(), folder, log.path());
            OsProcess started = OsProcess.of(spawned.toHandle());
            process = started;
            listener.started(this);
            awaitReady(spawned, deadline, abandoned);
            program.introduce();
            spawned.onExit().thenAccept(ended -> {
                if (!asked.get()) {
                    listener.died(this, ended.exitValue());
                }
            });
        } catch (IOException e) {
            abandon();
            throw new StackException("Cannot start " + name() + ": " + e, e);
        } catch (StackException e) {
            abandon();
            throw e;
        }
    }

    private void awaitReady(Process spawned, Deadline deadline, BooleanSupplier abandoned) {
        boolean ready =
                deadline.await(() -> !spawned.isAlive() || abandoned.getAsBoolean() || program.canBeIntroduced());
        if (!spawned.isAlive()) {
            throw deathDuringStart(spawned.exitValue());
        }
        if (abandoned.getAsBoolean()) {
            throw new StackException("The start was broken off.");
        }
        if (!ready) {
            throw new StackException(name() + " did not become ready in time; " + logHint());
        }
    }

    StackException deathDuringStart(int exit) {
        return new StackException(name() + " ended with status " + exit + " during the start; " + logHint());
    }

    /** Why it is not in the state that it should be in, for messages. */
    String hint() {
        String excuse = process().isPresent() ? program.excuse() : "its process has ended";
        return (excuse.isEmpty() ? "" : excuse + "; ") + logHint();
    }

    private String logHint() {
        String reason = log.reasonSince(said);
        return "its log " + log.path() + (reason.isEmpty() ? " is empty." : " says: " + reason);
    }

    private void abandon() {
        endAsked.set(true);
        process().ifPresent(running -> running.kill(KILL_LIMIT));
    }

    /** Ends it in order, and by force when it takes too long. */
    synchronized void stop() {
        endAsked.set(true);
        process().ifPresent(running -> {
            if (running.isPaused()) {
                running.signalAll(Signal.CONT);
            }
            program.farewell().send(running.pid());
            if (!Deadline.in(program.patience()).await(() -> !running.isAlive())) {
                running.kill(KILL_LIMIT);
            }
        });
    }

    /** kill -9, with all that it started, as when the machine under it is gone. */
    synchronized void kill() {
        endAsked.set(true);
        process().ifPresent(running -> running.kill(KILL_LIMIT));
    }

    /** Does something that a start, a stop or a kill of this program in another thread must wait for. */
    synchronized void undisturbed(Runnable action) {
        action.run();
    }

    /** Returns when it stands still, which a busy machine takes a moment for. */
    synchronized void pause() {
        signal(running -> {
            running.signalAll(Signal.STOP);
            Deadline.in(PAUSE_LIMIT).await(() -> running.isPaused() || !running.isAlive());
        });
    }

    synchronized void resume() {
        signal(running -> running.signalAll(Signal.CONT));
    }

    private void signal(Consumer<OsProcess> action) {
        action.accept(process().orElseThrow(() -> new StackException(name() + " does not run.")));
    }
}
