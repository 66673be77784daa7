package dev.meridian.system;

import static java.util.Objects.requireNonNull;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.testcontainers.containers.ComposeContainer;
import org.testcontainers.containers.ContainerState;
import org.testcontainers.containers.wait.strategy.Wait;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The development environment in containers, as docker-compose.yml describes it, under a project name of its own. */
final class Containers implements AutoCloseable {

    private static final Path FILE =
            Path.of("../docker-compose.yml").toAbsolutePath().normalize();
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final Duration BUILT_AND_HEALTHY = Duration.ofMinutes(20);

    /** With two gateways and two instances of orders-service. */
    private static final int CONTAINERS = 14;

    private final ComposeContainer compose;
    private final String project;
    private final int port;
    private final Map<String, String> environment = new ConcurrentHashMap<>();

    /** What a command said on its standard output, and how it ended. */
    record Outcome(int exit, String output) {

        List<String> lines() {
            return output.lines().toList();
        }
    }

    private Containers(ComposeContainer compose, int port) {
        this.compose = compose;
        this.port = port;
        environment.put("MERIDIAN_PORT", Integer.toString(port));
        this.project = requireNonNull(labels(compose).get("com.docker.compose.project"));
    }

    private static Map<String, String> labels(ComposeContainer compose) {
        ContainerState frontDoor = compose.getContainerByServiceName("cdn").orElseThrow();
        return requireNonNull(frontDoor.getContainerInfo().getConfig().getLabels());
    }

    /** Builds the images, starts everything and returns when the front door is healthy. */
    @SuppressWarnings("resource") // closed by whoever asked
    static Containers up() {
        int port = freePort();
        ComposeContainer compose = new ComposeContainer("meridian", FILE.toFile())
                .withEnv("MERIDIAN_PORT", Integer.toString(port))
                .withBuild(true)
                .withPull(false) // what is missing is pulled, or was built under the same name
                .withStartupTimeout(BUILT_AND_HEALTHY)
                .waitingFor("cdn", Wait.forHealthcheck().withStartupTimeout(LIMIT));
        try {
            compose.start();
            Containers containers = new Containers(compose, port);
            containers.awaitFrontDoor();
            return containers;
        } catch (RuntimeException e) {
            String unwell = unwell();
            compose.stop();
            throw new IllegalStateException("The containers did not come up." + unwell, e);
        }
    }

    /** Which containers are not healthy, and what they said last. */
    private static String unwell() {
        var told = new StringBuilder();
        for (String line : run(List.of(
                        "docker", "ps", "--all", "--filter", "name=meridian", "--format", "{{.Names}} {{.Status}}"))
                .lines()) {
            if (!line.contains("(healthy)")) {
                String name = line.substring(0, line.indexOf(' '));
                told.append('\n').append(line).append('\n');
                told.append(run(List.of("bash", "-c", "docker logs --tail 20 " + name + " 2>&1"))
                        .output());
            }
        }
        return told.toString();
    }

    /** Whether a Docker engine with Compose answers. */
    static boolean canRun() {
        try {
            return run(List.of("docker", "info")).exit() == 0
                    && run(List.of("docker", "compose", "version")).exit() == 0;
        } catch (IllegalStateException noSuchProgram) {
            return false;
        }
    }

    URI frontDoor() {
        return URI.create("http://localhost:" + port);
    }

    /** Gives docker-compose.yml a variable from here on. */
    Containers with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    /** <code>docker compose</code> on this project. @throws IllegalStateException where it fails */
    Outcome compose(String... arguments) {
        Outcome outcome = tryCompose(arguments);
        if (outcome.exit != 0) {
            throw new IllegalStateException(String.join(" ", arguments) + " failed: " + outcome);
        }
        return outcome;
    }

    private Outcome tryCompose(String... arguments) {
        return run(
                Stream.concat(
                                Stream.of("docker", "compose", "--file", FILE.toString(), "--project-name", project),
                                Stream.of(arguments))
                        .toList(),
                environment);
    }

    /** <code>docker</code>. @throws IllegalStateException where it fails */
    static Outcome docker(String... arguments) {
        Outcome outcome =
                run(Stream.concat(Stream.of("docker"), Stream.of(arguments)).toList());
        if (outcome.exit != 0) {
            throw new IllegalStateException(String.join(" ", arguments) + " failed: " + outcome);
        }
        return outcome;
    }

    /** Runs a line of bash in a container; never throws for its exit code. */
    Outcome bash(String service, int instance, String line) {
        return tryCompose("exec", "-T", "--index", Integer.toString(instance), service, "bash", "-c", line);
    }

    /** Whether a process in that container can open a connection to the address. */
    boolean connects(String from, String host, int port) {
        return bash(from, 1, "timeout 2 bash -c 'exec 3<>/dev/tcp/" + host + "/" + port + "' 2>&1").exit == 0;
    }

    /** The container's name. */
    String container(String service, int instance) {
        return project + "-" + service + "-" + instance;
    }

    /** The network's full name. */
    String network(String name) {
        return project + "_" + name;
    }

    /** The volume's full name. */
    String volume(String name) {
        return project + "_" + name;
    }

    /** A container's address in one of the networks. */
    String address(String service, String network) {
        return docker(
                        "inspect",
                        "--format",
                        "{{(index .NetworkSettings.Networks \"" + network(network) + "\").IPAddress}}",
                        container(service, 1))
                .output()
                .strip();
    }

    /** The containers, ended ones too, as <code>docker compose ps</code> tells of them. */
    List<JsonNode> list() {
        List<JsonNode> containers = new ArrayList<>();
        for (String line : compose("ps", "--all", "--format", "json").lines()) {
            JsonNode read = JsonMapper.shared().readTree(line);
            if (read.isArray()) {
                read.forEach(containers::add);
            } else {
                containers.add(read);
            }
        }
        return containers;
    }

    /** docker-compose.yml as Compose understands it, without the services of its profiles. */
    JsonNode configuration() {
        return JsonMapper.shared()
                .readTree(compose("config", "--format", "json").output());
    }

    /** With the services of all profiles. */
    JsonNode wholeConfiguration() {
        return JsonMapper.shared()
                .readTree(
                        compose("--profile", "*", "config", "--format", "json").output());
    }

    /** Whether there are as many containers as docker-compose.yml says, all healthy, or ended well where that is their way. */
    boolean areAllUp() {
        List<JsonNode> containers = list();
        return containers.size() == CONTAINERS
                && containers.stream()
                        .allMatch(
                                container -> container.at("/Health").asString().equals("healthy")
                                        || container.at("/State").asString().equals("exited")
                                                && container.at("/ExitCode").asInt() == 0);
    }

    /** Starts what is down, ends what is too much, and waits until all is healthy and the front door leads to it. */
    void allUp() {
        // What waits for a service that is unwell from before gives up at once.
        await("all containers to be up")
                .atMost(LIMIT)
                .pollInterval(Duration.ofSeconds(5))
                .until(() -> tryCompose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "180")
                                .exit()
                        == 0);
        awaitFrontDoor();
    }

    /** The gateways ask the registry each second, and the load balancer asks the gateways twice a second. */
    private void awaitFrontDoor() {
        await("the front door to lead to the services")
                .atMost(Duration.ofSeconds(20))
                .until(() -> answers("/api/openapi") && answers("/oauth2/jwks"));
    }

    private boolean answers(String path) {
        Shop.Answer answer = Shop.trySend(HttpRequest.newBuilder(frontDoor().resolve(path)));
        return answer != null && answer.status() == 200;
    }

    /** Asks a database on the primary. */
    List<String> query(String database, String sql) {
        return compose(
                        "exec",
                        "-T",
                        "postgres-primary",
                        "bash",
                        "-c",
                        "PGPASSWORD=$(</run/secrets/postgres) psql -h /tmp -U postgres -d \"$0\" -XAtc \"$1\"",
                        database,
                        sql)
                .lines();
    }

    /** The sum of a metric over its tags, as that instance tells it. */
    double metric(String service, int instance, String name, String... labels) {
        return bash(
                        service,
                        instance,
                        "exec 3<>/dev/tcp/127.0.0.1/8081; printf 'GET /actuator/prometheus HTTP/1.0\\r\\n\\r\\n' >&3;"
                                + " cat <&3")
                .lines()
                .stream()
                .filter(line -> line.startsWith(name) && Stream.of(labels).allMatch(line::contains))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Override
    public void close() {
        compose.stop();
    }

    /** Runs a command; its errors count as output where it fails. */
    static Outcome run(List<String> command) {
        return run(command, Map.of());
    }

    private static Outcome run(List<String> command, Map<String, String> environment) {
        try {
            Path output = Files.createTempFile("docker", ".out");
            Path errors = Files.createTempFile("docker", ".err");
            try {
                ProcessBuilder builder = new ProcessBuilder(command)
                        .redirectOutput(output.toFile())
                        .redirectError(errors.toFile())
                        .redirectInput(Path.of("/dev/null").toFile());
                builder.environment().putAll(environment);
                Process process = builder.start();
                if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new IllegalStateException(String.join(" ", command) + " hangs");
                }
                String said = Files.readString(output, StandardCharsets.UTF_8);
                return new Outcome(
                        process.exitValue(), process.exitValue() == 0 ? said : said + Files.readString(errors));
            } finally {
                Files.delete(output);
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new IllegalStateException(String.join(" ", command) + " cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
