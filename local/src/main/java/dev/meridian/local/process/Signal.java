package dev.meridian.local.process;

import dev.meridian.local.StackException;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** The signals the stack sends. */
public enum Signal {
    INT,
    TERM,
    KILL,
    STOP,
    CONT;

    /** Sends it; a process that is gone already is fine. */
    public void send(long... pids) {
        if (pids.length == 0) {
            return;
        }
        StringBuilder command = new StringBuilder("kill -").append(name());
        for (long pid : pids) {
            if (pid <= 1) { // kill(0) and kill(-1) mean every process
                throw new IllegalArgumentException("Not a process of ours: " + pid);
            }
            command.append(' ').append(pid);
        }
        try {
            Process kill = new ProcessBuilder("/bin/sh", "-c", command.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            kill.waitFor(5, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new StackException("Cannot signal process " + pids[0] + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }
}
