package dev.meridian.benchmarks.outbox;

import dev.meridian.benchmarks.Machine;
import dev.meridian.benchmarks.Table;
import dev.meridian.local.StackSettings;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Two relays on the same PostgreSQL and Kafka in one run. Each goes through the same scenarios; a table tells them
 * side by side.
 */
@Command(
        name = "outbox",
        mixinStandardHelpOptions = true,
        description = "Measures our outbox relay and namastack-outbox side by side.")
public final class OutboxBenchmark implements Callable<Integer> {

    /** Where events go that nobody placed as orders. */
    static final String TOPIC = "outbox.benchmark";

    enum Choice {
        NAMASTACK,
        ORDERS_SERVICE
    }

    @Option(names = "--relays", split = ",", description = "Which: ${COMPLETION-CANDIDATES} (default: all).")
    private List<Choice> relays = List.of(Choice.values());

    @Option(
            names = "--scenarios",
            split = ",",
            description = "Which, in this order: ${COMPLETION-CANDIDATES} (default: all).")
    private List<Scenario> scenarios = List.of(Scenario.values());

    @Option(names = "--events", description = "Events to drain (default: ${DEFAULT-VALUE}).")
    private int events = 20_000;

    @Option(names = "--rate", description = "Orders per second for the delay (default: ${DEFAULT-VALUE}).")
    private int rate = 200;

    @Option(names = "--seconds", description = "How long the delay is measured (default: ${DEFAULT-VALUE}).")
    private int seconds = 20;

    @Option(names = "--outage", description = "Seconds for which Kafka is down (default: ${DEFAULT-VALUE}).")
    private int outage = 60;

    @Option(names = "--namastack-batch", description = "Keys in each cycle (default: ${DEFAULT-VALUE}).")
    private int batch = 500;

    @Option(names = "--namastack-concurrency", description = "Keys at the same time (default: ${DEFAULT-VALUE}).")
    private int concurrency = 30;

    @Option(names = "--namastack-interval", description = "Milliseconds between cycles (default: ${DEFAULT-VALUE}).")
    private int interval = 1;

    @Override
    public Integer call() throws Exception {
        System.out.println(Machine.here());
        var root = StackSettings.defaults().root();
        var folder = root.resolve("benchmarks/target/outbox");
        var logs = Files.createDirectories(folder.resolve("logs"));
        var sizes = new RelayRun.Sizes(events, rate, Duration.ofSeconds(seconds), Duration.ofSeconds(outage));
        Map<String, Map<String, String>> measured = new LinkedHashMap<>();
        try (var servers = new Servers(folder.resolve("data"), TOPIC)) {
            for (var choice : relays) {
                try (var relay =
                        switch (choice) {
                            case NAMASTACK ->
                                new NamastackRelay(servers, logs, batch, concurrency, Duration.ofMillis(interval));
                            case ORDERS_SERVICE ->
                                new OrdersServiceRelay(
                                        servers, root.resolve("orders-service/target/orders-service-1.0.0.jar"), logs);
                        }) {
                    measured.put(relay.name(), new RelayRun(servers, relay, sizes).all(scenarios));
                }
            }
        }
        System.out.println();
        System.out.println(Machine.here());
        System.out.println();
        System.out.println(sideBySide(measured));
        return 0;
    }

    /** @param measured what was measured, by the relay's name */
    static Table sideBySide(Map<String, Map<String, String>> measured) {
        var head = new ArrayList<>(List.of("figure", "target"));
        head.addAll(measured.keySet());
        var table = new Table(head.toArray(String[]::new));
        measured.values().stream()
                .flatMap(values -> values.keySet().stream())
                .distinct()
                .forEach(figure -> {
                    var row = new ArrayList<>(List.of(figure, target(figure)));
                    measured.values().forEach(values -> row.add(values.getOrDefault(figure, "-")));
                    table.row(row.toArray(String[]::new));
                });
        return table;
    }

    private static String target(String figure) {
        if (figure.endsWith("events/s")) {
            return ">= 2000";
        }
        if (figure.endsWith("p50 ms")) {
            return "< 25";
        }
        return figure.endsWith("lost") || figure.endsWith("overtaken") ? "0" : "";
    }
}
