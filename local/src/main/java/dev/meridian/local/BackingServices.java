package dev.meridian.local;

import dev.meridian.local.process.Deadline;
import dev.meridian.local.process.JavaCommand;
import dev.meridian.local.process.Launch;
import dev.meridian.local.process.LogFile;
import dev.meridian.local.process.OsProcess;
import dev.meridian.local.process.Spawner;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/**
 * PostgreSQL (primary and replica), Kafka and Redis for the tests of a build: started once by the first test that
 * asks, found by all others, gone with the build.
 *
 * <p>Roles, databases, topics and the share group are there, as edge/ declares them; every role's password is its
 * name. Tests of different modules share the programs, so each keeps to its own database and cleans up after itself.
 *
 * @param postgresHosts primary and replica, as a pgjdbc URL takes them: host:port,host:port
 * @param kafkaBootstrapServers host:port
 */
public record BackingServices(String postgresHosts, String kafkaBootstrapServers, String redisHost, int redisPort) {

    private static final Duration START_LIMIT = Duration.ofSeconds(120);

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** What the process that holds the services tells those who look for them. */
    record Shared(OsProcess supervisor, BackingServices services) {}

    /**
     * Starts them, or finds those that this build has started already.
     *
     * @throws StackException when they do not start within two minutes
     */
    public static BackingServices shared() {
        OsProcess owner = build();
        Path folder = Project.current()
                .root()
                .resolve("local/target/backing-services")
                .resolve(Long.toString(owner.pid()));
        try {
            Files.createDirectories(folder);
            try (FileChannel file = FileChannel.open(
                            folder.resolve("first"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = file.lock()) {
                Optional<BackingServices> running = running(folder);
                return running.isPresent() ? running.get() : start(folder, owner);
            }
        } catch (IOException e) {
            throw new StackException("Cannot share backing services in " + folder + ": " + e, e);
        }
    }

    /** The JDBC URL of a database on the primary. */
    public String jdbcUrl(String database) {
        return "jdbc:postgresql://" + postgresHosts + "/" + database
                + "?targetServerType=primary&connectTimeout=2&loginTimeout=5&socketTimeout=10&hostRecheckSeconds=1&tcpKeepAlive=true";
    }

    private static Optional<BackingServices> running(Path folder) throws IOException {
        try {
            Shared shared = JSON.readValue(Files.readString(state(folder)), Shared.class);
            return shared.supervisor().isAlive() ? Optional.of(shared.services()) : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static BackingServices start(Path folder, OsProcess owner) throws IOException {
        Files.deleteIfExists(state(folder));
        Path log = folder.resolve("supervisor.log");
        List<String> command = new ArrayList<>(JavaCommand.SHORT_LIVED);
        command.addAll(List.of("-Xmx64m", "-cp", classPathWithoutLoggers()));
        command.addAll(List.of(BackingServicesProcess.class.getName(), folder.toString(), Long.toString(owner.pid())));
        Process supervisor = Spawner.detach(new Launch(command, Map.of()), folder, log);
        Deadline.in(START_LIMIT).await(() -> Files.exists(state(folder)) || !supervisor.isAlive());
        return running(folder).orElseThrow(() -> {
            supervisor.destroyForcibly();
            return new StackException(
                    "The backing services did not start: " + new LogFile(log).reasonSince(0) + " (" + log + ")");
        });
    }

    /** The logger of the module under test would log all that the Kafka client does. */
    private static String classPathWithoutLoggers() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !new File(entry).getName().startsWith("logback"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    static Path state(Path folder) {
        return folder.resolve("shared.json");
    }

    /** Published whole, when everything serves. */
    static void publish(Path folder, BackingServices services) throws IOException {
        Path incoming = folder.resolve("shared.json.incoming");
        Files.writeString(
                incoming, JSON.writeValueAsString(new Shared(OsProcess.of(ProcessHandle.current()), services)));
        Files.move(incoming, state(folder), StandardCopyOption.ATOMIC_MOVE);
    }

    /** The nearest Java process above this one: Maven, or the development environment; else this one. */
    private static OsProcess build() {
        ProcessHandle self = ProcessHandle.current();
        return OsProcess.of(
                Stream.iterate(self.parent(), Optional::isPresent, handle -> handle.flatMap(ProcessHandle::parent))
                        .flatMap(Optional::stream)
                        .filter(handle -> handle.info()
                                .command()
                                .filter(command -> command.endsWith("/java"))
                                .isPresent())
                        .findFirst()
                        .orElse(self));
    }
}
