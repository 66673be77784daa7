package dev.meridian.benchmarks;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Processes that must not outlive this JVM, also where it is ended from outside. */
public final class Leftovers {
    private static final Queue<Process> PROCESSES = new ConcurrentLinkedQueue<>();

    static {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> PROCESSES.forEach(Process::destroy), "end-the-leftovers"));
    }

    private Leftovers() {}

    /** Ends the process with this JVM, by SIGTERM. */
    public static Process of(Process process) {
        PROCESSES.removeIf(former -> !former.isAlive());
        PROCESSES.add(process);
        return process;
    }
}
