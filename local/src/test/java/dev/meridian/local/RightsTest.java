package dev.meridian.local;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.apache.kafka.common.acl.AclOperation.DESCRIBE;
import static org.apache.kafka.common.acl.AclOperation.READ;
import static org.apache.kafka.common.acl.AclOperation.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.local.kafka.KafkaLogin;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the users of the cache and the broker may do, and what they may not. */
class RightsTest {

    private static final BackingServices SERVICES = BackingServices.shared();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gateway | PEXPIRE rate:a 1000 | :0",
                "gateway | EVAL \"return redis.call('TIME')[3]\" 1 rate:a | $-1",
                "orders-service | SET final-order:1 x PX 1 | +OK",
                "admin | SET anything x PX 1 | +OK",
                "default | PING | +PONG",
                "gateway | GET final-order:1 | -NOPERM",
                "gateway | HMGET final-order:1 at | -NOPERM",
                "gateway | EVAL \"return redis.call('HMGET', KEYS[1], 'at')\" 1 final-order:1 | -NOPERM",
                "gateway | EVAL \"return redis.call('KEYS', '*')\" 0 | -ERR", // the script is refused the command
                "orders-service | SET rate:a x | -NOPERM",
                "orders-service | KEYS * | -NOPERM",
                "orders-service | FLUSHALL | -NOPERM",
                "orders-service | CONFIG GET maxmemory | -NOPERM",
                "default | GET final-order:1 | -NOPERM"
            })
    void ofTheCache(String user, String command, String answer) throws IOException {
        assertThat(cache(user, user, command)).startsWith(answer);
    }

    @Test
    void theCacheTakesNoGuess() throws IOException {
        assertThat(cache("orders-service", "guessed", "GET final-order:1")).startsWith("-NOPERM");
        assertThat(cache("worker", "worker", "GET final-order:1")).startsWith("-NOPERM");
    }

    /** What it answers to the last of two lines; the first logs in. */
    private static String cache(String user, String password, String command) throws IOException {
        try (Socket socket = new Socket(SERVICES.redisHost(), SERVICES.redisPort())) {
            socket.setSoTimeout(10_000);
            String login = user.equals("default") ? "PING" : "AUTH " + user + " " + password;
            socket.getOutputStream().write((login + "\r\n" + command + "\r\n").getBytes(US_ASCII));
            var answers = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
            answers.readLine();
            return answers.readLine();
        }
    }

    @Test
    void ofTheBroker() throws Exception {
        assertThat(topics("orders-service"))
                .isEqualTo(Map.of(
                        "orders.placed", Set.of(WRITE, DESCRIBE),
                        "orders.cancelled", Set.of(WRITE, DESCRIBE),
                        "orders.changed", Set.of(READ, WRITE, DESCRIBE),
                        "fulfilment.outcomes", Set.of(READ, DESCRIBE),
                        "fulfilment.dead-letters", Set.of(READ, DESCRIBE)));
        assertThat(topics("worker"))
                .isEqualTo(Map.of(
                        "orders.placed", Set.of(READ, WRITE, DESCRIBE),
                        "orders.cancelled", Set.of(READ, WRITE, DESCRIBE),
                        "fulfilment.outcomes", Set.of(WRITE, DESCRIBE),
                        "fulfilment.dead-letters", Set.of(WRITE, DESCRIBE)));
    }

    /** What a user may do with each topic that it is told of. */
    private static Map<String, Set<AclOperation>> topics(String user) throws Exception {
        try (Admin admin = Admin.create(login(user, user))) {
            var all = new DescribeTopicsOptions().includeAuthorizedOperations(true);
            Map<String, Set<AclOperation>> allowed = new HashMap<>();
            admin.describeTopics(admin.listTopics().names().get(30, TimeUnit.SECONDS), all)
                    .allTopicNames()
                    .get(30, TimeUnit.SECONDS)
                    .forEach((topic, description) -> allowed.put(topic, description.authorizedOperations()));
            return allowed;
        }
    }

    @Test
    void notToWriteOthers() {
        try (var producer = producer(login("orders-service", "orders-service"))) {
            var forged = new ProducerRecord<>("fulfilment.outcomes", "k", "v");
            assertThatThrownBy(() -> producer.send(forged).get(30, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(AuthorizationException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"orders-service, orders.placed", "orders-service, __consumer_offsets", "worker, fulfilment.outcomes"})
    void notToReadOthers(String user, String topic) {
        try (var consumer =
                new KafkaConsumer<>(login(user, user), new StringDeserializer(), new StringDeserializer())) {
            var partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seek(partition, 0);
            assertThatThrownBy(() -> consumer.poll(Duration.ofSeconds(30))).isInstanceOf(AuthorizationException.class);
        }
    }

    @Test
    void notToAdminister() {
        try (Admin admin = Admin.create(login("worker", "worker"))) {
            assertThatThrownBy(() ->
                            admin.deleteTopics(List.of("orders.placed")).all().get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(AuthorizationException.class);
        }
    }

    @Test
    void theBrokerTakesNoGuess() {
        try (Admin admin = Admin.create(login("worker", "guessed"))) {
            assertThatThrownBy(() -> admin.listTopics().names().get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(SaslAuthenticationException.class);
        }
        Map<String, Object> without = Map.of("bootstrap.servers", SERVICES.kafkaBootstrapServers());
        try (Admin admin = Admin.create(with(without, "default.api.timeout.ms", 2_000, "request.timeout.ms", 1_000))) {
            assertThatThrownBy(() -> admin.listTopics().names().get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(TimeoutException.class);
        }
    }

    private static Map<String, Object> login(String user, String password) {
        return KafkaLogin.settings(SERVICES.kafkaBootstrapServers(), user, password);
    }

    private static Map<String, Object> with(Map<String, Object> settings, String a, int x, String b, int y) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put(a, x);
        all.put(b, y);
        return all;
    }

    private static KafkaProducer<String, String> producer(Map<String, Object> login) {
        return new KafkaProducer<>(login, new StringSerializer(), new StringSerializer());
    }
}
