package dev.meridian.benchmarks.outbox;

import dev.meridian.local.Stack;
import dev.meridian.local.StackSettings;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;

/** The PostgreSQL and the Kafka under both relays, on data of their own. */
final class Servers implements AutoCloseable {
    private static final String PRIMARY = "postgres-primary";
    private static final String KAFKA = "kafka";

    private final Stack stack;

    /** @param topic is created, as large as those of the system */
    Servers(Path data, String topic) throws SQLException, ExecutionException, InterruptedException {
        stack = Stack.start(
                StackSettings.isolated(data).withFresh(true).withServices(false).withStartLimit(Duration.ofMinutes(5)),
                line -> System.out.println("  " + line));
        try (var connection = connect("postgres");
                var statement = connection.createStatement()) {
            // Lets a delay be measured from the commit itself.
            statement.execute("ALTER SYSTEM SET track_commit_timestamp = on");
        }
        stack.stop(PRIMARY);
        stack.start(PRIMARY);
        try (var admin =
                Admin.create(Map.<String, Object>of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(8), Optional.empty())))
                    .all()
                    .get();
        }
    }

    /** host:port */
    String postgres() {
        return stack.postgresPrimary().toString();
    }

    long postgresPid() {
        return stack.component(PRIMARY).pid();
    }

    String bootstrapServers() {
        return stack.kafkaBootstrapServers();
    }

    void killKafka() {
        stack.kill(KAFKA);
    }

    /** Returns when the broker serves. */
    void startKafka() {
        stack.start(KAFKA);
    }

    String jdbcUrl(String database) {
        return "jdbc:postgresql://" + postgres() + "/" + database + "?connectTimeout=2&socketTimeout=60";
    }

    /** As the superuser. */
    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(jdbcUrl(database), "postgres", "postgres");
    }

    @Override
    public void close() {
        stack.close();
    }
}
