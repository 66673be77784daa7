package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.Comparison;
import dev.meridian.benchmarks.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The figures of the running system, of this version alone or beside another one, and at the end the tables. */
@Command(
        name = "benchmarks/run",
        mixinStandardHelpOptions = true,
        description = "Measures the whole system on this machine, with the load generator beside it.")
public final class SystemBenchmark implements Callable<Integer> {

    private static final String THIS = "this";
    private static final String OTHER = "other";

    @Option(
            names = "--against",
            paramLabel = "CHECKOUT",
            description = "Another version's folder: both are measured in turns, and compared.")
    private @Nullable Path against;

    @Option(names = "--turns", description = "Turns of each version (default: 1; 2 with --against).")
    private int turns;

    @Mixin
    private Settings settings = new Settings();

    public static void main(String[] arguments) {
        var command = new CommandLine(new SystemBenchmark())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(Duration.class, Settings::duration)
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    if (failure instanceof IOException) {
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
        var root = Path.of(System.getProperty("meridian.root", "."))
                .toAbsolutePath()
                .normalize();
        var folder = root.resolve("benchmarks/target/system");
        var checkouts = new LinkedHashMap<String, Path>(Map.of(THIS, root));
        if (against != null) {
            checkouts.put(OTHER, against.toAbsolutePath().normalize());
        }
        for (var checkout : checkouts.values()) {
            if (!Files.isExecutable(checkout.resolve("run"))) {
                throw new IOException(checkout + " is no checkout of this project.");
            }
            RunningSystem.build(checkout);
        }
        var figures = new Comparison(List.copyOf(checkouts.keySet()));
        var perOrder = new Comparison(List.copyOf(checkouts.keySet()));
        int all = turns > 0 ? turns : checkouts.size();
        for (int turn = 1; turn <= all; turn++) {
            for (var version : checkouts.entrySet()) {
                System.out.printf("%nTurn %d of %d: %s, %s%n", turn, all, version.getKey(), version.getValue());
                var measured = new Turn(settings, version.getValue(), folder.resolve(version.getKey())).run();
                figures.add(version.getKey(), measured.figures());
                perOrder.add(version.getKey(), measured.perOrder());
            }
        }
        System.out.printf("%n%s%n%n%s%n", Machine.here(), figures.table());
        if (!perOrder.isEmpty()) {
            System.out.printf("%nPer order, by process:%n%n%s%n", perOrder.table());
        }
        return 0;
    }
}
