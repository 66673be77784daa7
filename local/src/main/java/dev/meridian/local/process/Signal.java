package dev.meridian.local.process;

import java.util.List;
import java.util.stream.LongStream;

/** The signals the stack sends. */
public enum Signal {
    INT,
    TERM,
    KILL,
    STOP,
    CONT;

    /** Sends it; a process that is gone already is fine. */
    public void send(long... pids) {
        StringBuilder command = new StringBuilder("kill -").append(name());
        LongStream.of(pids).forEach(pid -> command.append(' ').append(pid));
        // The shell's own `kill`, since not every machine has the program.
        Commands.run(List.of("/bin/sh", "-c", command.toString()));
    }
}
