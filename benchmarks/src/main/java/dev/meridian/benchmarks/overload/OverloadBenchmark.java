package dev.meridian.benchmarks.overload;

import dev.meridian.benchmarks.Figure;
import dev.meridian.benchmarks.Machine;
import dev.meridian.benchmarks.Target;
import dev.meridian.benchmarks.load.ClosedLoop;
import dev.meridian.benchmarks.load.LoadClient;
import dev.meridian.benchmarks.load.OpenLoop;
import dev.meridian.benchmarks.load.Schedule;
import dev.meridian.local.Stack;
import dev.meridian.local.StackSettings;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The deployed gateway before a service of known capacity: what it gets done with as much to do as there is room for,
 * and with ten times that, in turns.
 */
@Command(
        name = "overload",
        mixinStandardHelpOptions = true,
        description = "Measures what the gateway gets done at ten times the load that its service can take.")
public final class OverloadBenchmark implements Callable<Integer> {

    private static final int ROUNDS = 2;
    private static final int CONNECTIONS = 4_000;
    private static final Duration START_LIMIT = Duration.ofMinutes(2);

    @Option(names = "--at-once", description = "What the service works on at once (default: ${DEFAULT-VALUE}).")
    private int atOnce = 20;

    @Option(names = "--work", description = "Milliseconds for each request (default: ${DEFAULT-VALUE}).")
    private int work = 50;

    @Option(names = "--times", description = "How many times its capacity is offered (default: ${DEFAULT-VALUE}).")
    private int times = 10;

    @Option(names = "--patience", description = "Milliseconds after which an answer is of no use (default: 2000).")
    private int patience = 2_000;

    @Option(
            names = "--warm-up",
            defaultValue = "40s",
            description = "How long load runs before anything counts (default: ${DEFAULT-VALUE}).")
    private Duration warmUp = Duration.ZERO;

    @Option(names = "--seconds", description = "Length of each measurement (default: ${DEFAULT-VALUE}).")
    private int seconds = 20;

    @Option(names = "--concurrency", description = "In place of the gateway's own limit; a million is as good as none.")
    private int concurrency;

    @Override
    public Integer call() throws Exception {
        System.out.println(Machine.here());
        var root = StackSettings.defaults().root();
        var folder = Files.createDirectories(root.resolve("benchmarks/target/overload"));
        var figures = new ArrayList<Figure>();
        try (var stack = Stack.start(
                        StackSettings.isolated(folder.resolve("data"))
                                .withFresh(true)
                                .withServices(false),
                        line -> System.out.println("  " + line));
                var issuer = new TokenIssuer();
                var service = new SlowService(atOnce, Duration.ofMillis(work));
                var gateway = new Gateway(root, folder, issuer, service, stack)) {
            figures.addAll(new Load(gateway.port, "Bearer " + issuer.token(Duration.ofHours(1))).measure());
        }
        System.out.println();
        System.out.println(Machine.here());
        System.out.println();
        System.out.println(Figure.table(figures));
        return 0;
    }

    /** As it is deployed, in a process of its own. */
    private final class Gateway implements AutoCloseable {

        private final int port = freePort();
        private final Process process;

        Gateway(Path root, Path folder, TokenIssuer issuer, SlowService service, Stack stack)
                throws IOException, InterruptedException {
            var command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx160m",
                    "-XX:+UseSerialGC",
                    "-jar",
                    root.resolve("gateway/target/gateway-1.0.0.jar").toString(),
                    "--server.port=" + port,
                    "--management.server.port=0",
                    "--meridian.issuer=" + TokenIssuer.ISSUER,
                    "--meridian.jwk-set-uri=" + issuer.keySetUri(),
                    "--spring.data.redis.port=" + stack.redis().port(),
                    "--meridian.limits.rate=1000000", // one caller stands for many
                    "--meridian.limits.burst=1000000",
                    "--eureka.client.enabled=false",
                    "--spring.cloud.discovery.client.simple.instances.orders-service[0].uri=http://127.0.0.1:"
                            + service.port()));
            if (concurrency > 0) {
                command.add("--meridian.limits.concurrency=" + concurrency);
            }
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("gateway.log").toFile())
                    .start();
            long end = System.nanoTime() + START_LIMIT.toNanos();
            while (!listens()) {
                if (!process.isAlive() || System.nanoTime() - end > 0) {
                    close();
                    throw new IllegalStateException("The gateway does not start; see " + folder);
                }
                Thread.sleep(200);
            }
        }

        private boolean listens() {
            try (var socket = new Socket("127.0.0.1", port)) {
                return socket.isConnected();
            } catch (IOException notYet) {
                return false;
            }
        }

        private static int freePort() throws IOException {
            try (var socket = new ServerSocket(0)) {
                return socket.getLocalPort();
            }
        }

        @Override
        public void close() throws InterruptedException {
            process.destroy();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        }
    }

    /** What became of the requests of one measurement. */
    private static final class Outcome {
        private final LongAdder good = new LongAdder();
        private final LongAdder late = new LongAdder();
        private final LongAdder shed = new LongAdder();
        private final LongAdder wrong = new LongAdder();
        private final ConcurrentHistogram answered = new ConcurrentHistogram(60_000_000L, 3);
        private final ConcurrentHistogram refused = new ConcurrentHistogram(60_000_000L, 3);
    }

    private final class Load {

        private final String address;
        private final String authorization;
        private final int capacity = atOnce * 1000 / work;

        Load(int port, String authorization) {
            this.address = "http://127.0.0.1:" + port + "/api/orders/1";
            this.authorization = authorization;
        }

        List<Figure> measure() throws Exception {
            try (var http = LoadClient.of(CONNECTIONS, 1, Duration.ofSeconds(10))) {
                System.out.println("Warming up for " + warmUp.toSeconds() + " s.");
                overloaded(http, warmUp);
                var peak = 0.0;
                var goodput = 0.0;
                var outcome = new Outcome();
                for (int round = 1; round <= ROUNDS; round++) {
                    System.out.println("As much as there is room for, round " + round + ".");
                    peak += peak(http) / ROUNDS;
                    System.out.println(times + " times that, round " + round + ".");
                    outcome = overloaded(http, Duration.ofSeconds(seconds));
                    goodput += outcome.good.sum() / (double) seconds / ROUNDS;
                    System.out.printf(
                            "  %d in time, %d late, %d refused, %d failed%n",
                            outcome.good.sum(), outcome.late.sum(), outcome.shed.sum(), outcome.wrong.sum());
                }
                return List.of(
                        Figure.of("the service's capacity", "/s", capacity),
                        Figure.of("answered in time at its peak", "/s", peak),
                        Figure.of("offered", "/s", (double) capacity * times),
                        Figure.of("answered in time then", "/s", goodput),
                        Figure.of("to its peak", "ratio", Target.atLeast(0.8), goodput / peak),
                        Figure.of("an answer then, p50", "ms", outcome.answered.getValueAtPercentile(50) / 1e3),
                        Figure.of("an answer then, p99", "ms", outcome.answered.getValueAtPercentile(99) / 1e3),
                        Figure.of("a refusal then, p50", "ms", outcome.refused.getValueAtPercentile(50) / 1e3),
                        Figure.of("a refusal then, p99", "ms", outcome.refused.getValueAtPercentile(99) / 1e3));
            }
        }

        private double peak(CloseableHttpClient http) throws Exception {
            var outcome = new Outcome();
            ClosedLoop.run(
                    2 * atOnce, Duration.ofSeconds(seconds), number -> () -> ask(http, System.nanoTime(), outcome));
            return outcome.good.sum() / (double) seconds;
        }

        private Outcome overloaded(CloseableHttpClient http, Duration length) throws InterruptedException {
            var outcome = new Outcome();
            OpenLoop.run(
                    Schedule.of(System.nanoTime(), (double) capacity * times, length),
                    (n, due) -> ask(http, due, outcome));
            return outcome;
        }

        private void ask(CloseableHttpClient http, long due, Outcome outcome) {
            var request = new HttpGet(address);
            request.setHeader("Authorization", authorization);
            try {
                int status = http.execute(request, response -> {
                    EntityUtils.consume(response.getEntity());
                    return response.getCode();
                });
                long micros = (System.nanoTime() - due) / 1000;
                if (status == 200) {
                    outcome.answered.recordValue(Math.min(micros, 60_000_000L));
                    (micros <= patience * 1000L ? outcome.good : outcome.late).increment();
                } else if (status == 503 || status == 429) {
                    outcome.refused.recordValue(Math.min(micros, 60_000_000L));
                    outcome.shed.increment();
                } else {
                    outcome.wrong.increment();
                }
            } catch (IOException e) {
                outcome.wrong.increment();
            }
        }
    }
}
