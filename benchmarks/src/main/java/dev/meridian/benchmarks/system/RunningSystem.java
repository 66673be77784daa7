package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.Command;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The whole system as a checkout's own {@code run} starts it, so that any version can be measured. Its processes are
 * the descendants of that command, and end with this JVM.
 */
final class RunningSystem implements AutoCloseable {

    /** For a busy machine. */
    private static final Duration START_LIMIT = Duration.ofMinutes(6);

    private static final Duration BUILD_LIMIT = Duration.ofMinutes(10);
    private static final Duration END_LIMIT = Duration.ofMinutes(3);
    private static final Duration TRAINING_LIMIT = Duration.ofMinutes(10);

    /** Training goes from one program to the next with pauses that are shorter than this. */
    private static final Duration TRAINING_PAUSE = Duration.ofSeconds(5);

    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private static final Queue<Process> ALIVE = new ConcurrentLinkedQueue<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> ALIVE.forEach(Process::destroy), "end-the-systems"));
    }

    /**
     * One program of it.
     *
     * @param address host:port, or a URL where it speaks HTTP
     */
    record Component(String name, long pid, String address) {

        /** The name that all instances share. */
        String role() {
            return name.replaceFirst("-dc\\d+(-\\d+)?$", "");
        }
    }

    private final Process process;
    private final URI frontDoor;
    private final Duration toReady;
    private final long ready;
    private final List<Component> components;

    private RunningSystem(Process process, URI frontDoor, Duration toReady, long ready, List<Component> components) {
        this.process = process;
        this.frontDoor = frontDoor;
        this.toReady = toReady;
        this.ready = ready;
        this.components = components;
    }

    /** Builds what is stale in a checkout. */
    static void build(Path checkout) throws IOException, InterruptedException {
        Command.output(BUILD_LIMIT, List.of(command(checkout), "build"));
    }

    /**
     * Returns when it says that it is ready.
     *
     * @param data its data folder
     * @param fresh whether what is there is wiped first
     * @throws IOException when it does not get ready, with the last thing that it said
     */
    static RunningSystem start(Path checkout, Path data, boolean fresh) throws IOException, InterruptedException {
        Files.createDirectories(data);
        var command = new ProcessBuilder(
                        command(checkout), "--data", data.toString(), "--port", Integer.toString(freePort()))
                .redirectErrorStream(true);
        if (fresh) {
            command.command().add("--fresh");
        }
        long begin = System.nanoTime();
        var process = command.start();
        ALIVE.add(process);
        try {
            process.getOutputStream().close();
            var frontDoor = awaitReady(process);
            long ready = System.nanoTime();
            var status = Command.output(
                    START_LIMIT, List.of(command(checkout), "status", "--json", "--data", data.toString()));
            return new RunningSystem(
                    process,
                    frontDoor,
                    Duration.ofNanos(ready - begin),
                    ready,
                    JSON.readValue(status, new TypeReference<List<Component>>() {}));
        } catch (IOException | InterruptedException | RuntimeException e) {
            end(process);
            throw e;
        }
    }

    private static String command(Path checkout) {
        return checkout.resolve("run").toString();
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static URI awaitReady(Process process) throws IOException, InterruptedException {
        var ready = new CompletableFuture<URI>();
        Thread.ofVirtual().start(() -> read(process, ready));
        try {
            return ready.get(START_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IOException("./run was not ready within " + START_LIMIT.toSeconds() + " s.", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException said ? said : new IOException(e);
        }
    }

    /** Reads on when it is ready, since a full pipe would stop it. */
    private static void read(Process process, CompletableFuture<URI> ready) {
        var last = "nothing";
        try (var output = new BufferedReader(process.inputReader(StandardCharsets.UTF_8))) {
            for (var line = output.readLine(); line != null; line = output.readLine()) {
                if (line.startsWith("Ready: ")) {
                    ready.complete(URI.create(line.substring("Ready: ".length())));
                } else if (!line.isBlank()) {
                    last = line;
                }
            }
        } catch (IOException ended) {
            // As a process does.
        }
        ready.completeExceptionally(
                new IOException("./run ended before it was ready; the last thing it said: " + last));
    }

    /** From the command to its {@code Ready: }. */
    Duration toReady() {
        return toReady;
    }

    Duration sinceReady() {
        return Duration.ofNanos(System.nanoTime() - ready);
    }

    URI frontDoor() {
        return frontDoor;
    }

    /** The addresses of all programs of a role, for example {@code gateway}. */
    List<URI> addresses(String role) {
        return components(role).stream()
                .map(component -> URI.create(component.address()))
                .toList();
    }

    /** The programs of these roles. */
    List<Component> components(String... roles) {
        return components.stream()
                .filter(component -> List.of(roles).contains(component.role()))
                .toList();
    }

    /** The database's primary as host:port. */
    String postgres() {
        return components("postgres-primary").getFirst().address();
    }

    /** The processes of the system by id: each program's role, and of PostgreSQL's also what the process works for. */
    Map<Long, String> processes() {
        var roles = new HashMap<Long, String>();
        components.forEach(component -> roles.put(component.pid(), component.role()));
        roles.put(process.pid(), "the command run");
        var names = new HashMap<Long, String>();
        tree().forEach(each -> {
            var role = role(each, roles);
            names.put(
                    each.pid(),
                    role.startsWith("postgres") ? role + ", " + Usage.purpose(commandLine(each.pid())) : role);
        });
        return names;
    }

    /** Its own, or that of the nearest of its ancestors which has one. */
    private static String role(ProcessHandle process, Map<Long, String> roles) {
        var known = roles.get(process.pid());
        return known != null
                ? known
                : process.parent().map(parent -> role(parent, roles)).orElse("other");
    }

    private Stream<ProcessHandle> tree() {
        return Stream.concat(Stream.of(process.toHandle()), process.toHandle().descendants());
    }

    /** Empty where the system does not tell. */
    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ')
                    .strip();
        } catch (IOException endedOrNotLinux) {
            return "";
        }
    }

    /** After the first start of a build, programs learn in the background to start faster; waits until they have. */
    void awaitTraining() throws IOException, InterruptedException {
        long end = System.nanoTime() + TRAINING_LIMIT.toNanos();
        for (long last = System.nanoTime(); System.nanoTime() - last < TRAINING_PAUSE.toNanos(); ) {
            if (tree().anyMatch(each -> commandLine(each.pid()).matches(".*-XX:AOTCacheOutput=.*"))) {
                last = System.nanoTime();
            }
            if (last - end > 0) {
                throw new IOException("The training takes longer than " + TRAINING_LIMIT.toMinutes() + " minutes.");
            }
            Thread.sleep(200);
        }
    }

    /**
     * Ends all of it by SIGTERM.
     *
     * @return how long that took
     */
    Duration end() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        if (!end(process)) {
            throw new IOException("./run did not end within " + END_LIMIT.toSeconds() + " s of SIGTERM.");
        }
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private static boolean end(Process process) throws InterruptedException {
        process.destroy();
        boolean ended = process.waitFor(END_LIMIT.toSeconds(), TimeUnit.SECONDS);
        process.destroyForcibly();
        ALIVE.remove(process);
        return ended;
    }

    @Override
    public void close() throws InterruptedException {
        end(process);
    }
}
