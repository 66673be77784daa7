package dev.meridian.benchmarks;

import java.time.Duration;
import java.util.stream.Stream;

/** Processor time, which says what work costs also where others use the same machine. */
public final class Cpu {
    private Cpu() {}

    /** What the process and those of its children that live have used so far; zero where it is gone. */
    public static Duration of(long pid) {
        return ProcessHandle.of(pid).stream()
                .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
                .flatMap(process -> process.info().totalCpuDuration().stream())
                .reduce(Duration.ZERO, Duration::plus);
    }

    /** What this process itself has used so far, without its children. */
    public static Duration ofThis() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }
}
