package dev.meridian.local;

import dev.meridian.local.kafka.KafkaLogin;
import dev.meridian.local.process.JavaCommand;
import dev.meridian.local.process.LogFile;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL (primary and replica), Kafka and Redis for the tests of a module: started by the first test that asks,
 * shared by all others of its JVM, and gone with that.
 *
 * <p>Roles, databases, topics, the share group and users are there, as edge/ declares them; everybody's password is the
 * name. Each test cleans up after itself.
 *
 * @param postgresHosts primary and replica, as a pgjdbc URL takes them: host:port,host:port
 * @param kafkaBootstrapServers host:port
 */
public record BackingServices(String postgresHosts, String kafkaBootstrapServers, String redisHost, int redisPort) {

    private static @Nullable BackingServices shared;

    /** Kept, since it ends when its standard input is closed. */
    private static @Nullable Process holder;

    /** @throws StackException when they do not start */
    public static synchronized BackingServices shared() {
        if (shared == null) {
            shared = start();
        }
        return shared;
    }

    /** The JDBC URL of a database on the primary. */
    public String jdbcUrl(String database) {
        return "jdbc:postgresql://" + postgresHosts + "/" + database
                + "?targetServerType=primary&connectTimeout=2&loginTimeout=5&socketTimeout=10&hostRecheckSeconds=1&tcpKeepAlive=true";
    }

    /** The settings with which a Kafka client connects as the administrator. */
    public Map<String, Object> kafkaAdministrator() {
        return KafkaLogin.settings(
                kafkaBootstrapServers,
                KafkaLogin.ADMINISTRATOR,
                Project.current().secret("kafka-admin"));
    }

    /** In a process of their own: when this JVM ends, the applications in it still talk to them. */
    private static BackingServices start() {
        Path folder = Path.of("target/backing-services").toAbsolutePath();
        LogFile log = new LogFile(folder.resolveSibling("backing-services.log"));
        try {
            Files.createDirectories(folder);
            List<String> command = new ArrayList<>(JavaCommand.SHORT_LIVED);
            command.addAll(
                    List.of("-Xmx64m", "-Dmeridian.root=" + Project.current().root()));
            command.addAll(List.of("-cp", classPathWithoutLoggers()));
            command.addAll(List.of(BackingServices.class.getName(), folder.toString()));
            Process started = new ProcessBuilder(command)
                    .redirectError(log.path().toFile())
                    .start();
            holder = started;
            String told = started.inputReader().readLine();
            if (told == null) {
                throw new StackException("The backing services did not start: " + log.reasonSince(0));
            }
            String[] values = told.replaceAll("[A-Z_]+=", "").split(" ");
            return new BackingServices(values[0], values[1], values[2], Integer.parseInt(values[3]));
        } catch (IOException e) {
            throw new StackException("Cannot start backing services in " + folder + ": " + e, e);
        }
    }

    /** The logger of the module under test would log all that the Kafka client does. */
    private static String classPathWithoutLoggers() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !new File(entry).getName().startsWith("logback"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    /**
     * The process that holds them; its argument is the folder to live in. Tells in one line where they are, as the
     * services' environment, and ends when its standard input is closed.
     */
    static void main(String[] arguments) throws IOException {
        StackSettings settings = StackSettings.isolated(Path.of(arguments[0]));
        Stack stack = Stack.start(settings.withServices(false).withFresh(true), System.err::println);
        System.out.println("MERIDIAN_POSTGRES=" + stack.postgresHosts()
                + " SPRING_KAFKA_BOOTSTRAPSERVERS=" + stack.kafkaBootstrapServers()
                + " SPRING_DATA_REDIS_HOST=" + Address.HOST
                + " SPRING_DATA_REDIS_PORT=" + stack.redis().port());
        System.in.readAllBytes(); // returns when it is closed
        // The data are of no use any more: no orderly end, which takes seconds.
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
        Runtime.getRuntime().halt(0);
    }
}
