package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.Stack;
import dev.meridian.local.StackSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/**
 * The system starts on the rows of the version before, whose broker's log is not read any more: keys stay valid, and
 * everything that was on its way arrives.
 */
class UpgradeIT {

    private static final Path DATA = Path.of("target", "upgrade");
    private static final Duration SETTLED = Duration.ofSeconds(180);

    private static final String CONFIRMED = "01a21823-6a13-708e-91e3-6cbbc7961d1f";
    private static final String REJECTED = "01a21823-6aa7-75fb-b7e4-d0e27f1344a8";
    private static final String DEAD = "01a21823-6b1a-7f1d-bd5c-48c6711a25aa";
    private static final String CONFIRMED_ON_ITS_WAY = "01a21824-12d0-7043-a031-748d430cdd2e";
    private static final String REJECTED_ON_ITS_WAY = "01a21824-1308-7cff-84d6-7a93b2e92239";
    private static final String CANCELLED_ON_ITS_WAY = "01a21824-135b-7d0f-8bea-d2fc3a0a5f8c";
    private static final String IN_THE_OUTBOX = "01a21824-f3b5-71ed-8675-06630b5f8ebe";
    private static final String CANCELLED_IN_THE_OUTBOX = "01a21824-f4c7-742a-8ac2-8fe35027acac";

    @Test
    void theSystemGoesOnWithTheDataOfTheVersionBefore() throws Exception {
        StackSettings settings = StackSettings.isolated(DATA);
        try (Stack before = Stack.start(settings.withFresh(true).withServices(false), System.out::println)) {
            load(before, "orders", "../orders-service", "3.1");
            load(before, "fulfilment", "../worker", "3");
        }

        try (Stack stack = Stack.start(settings, System.out::println)) {
            Shop shop = Shop.open(stack.frontDoor(), "demo", "orders");
            Books books = Books.of(stack);

            keysOfTheVersionBeforeStandForTheirOrders(shop);
            whatWasFinalIsShown(shop);
            whatWasOnItsWayArrives(shop, books);
            theDeadLetterIsListedAndSentAgain(stack, shop);
            await("the books to add up").atMost(SETTLED).untilAsserted(books::everythingAddsUp);
        }
    }

    private static void keysOfTheVersionBeforeStandForTheirOrders(Shop shop) {
        Shop.Answer answer = shop.place("up-confirmed", Shop.order("TEA-001", 2, "tok_ok"));
        assertThat(answer.status()).as(answer.toString()).isEqualTo(201);
        assertThat(answer.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(answer.status("/id")).isEqualTo(CONFIRMED);
        assertThat(answer.status("/status")).isEqualTo("PLACED");
        assertThat(shop.place("up-rejected", Shop.order("TEA-001", 2, "tok_ok")).problem())
                .isEqualTo("idempotency-key-reused");
    }

    private static void whatWasFinalIsShown(Shop shop) {
        assertThat(shop.order(CONFIRMED).status("/status")).isEqualTo("CONFIRMED");
        assertThat(shop.order(REJECTED).status("/reason")).isEqualTo("PAYMENT_DECLINED");
        assertThat(shop.order(CANCELLED_ON_ITS_WAY).status("/status")).isEqualTo("CANCELLED");
    }

    private static void whatWasOnItsWayArrives(Shop shop, Books books) {
        assertThat(shop.settled(CONFIRMED_ON_ITS_WAY, SETTLED).path("status").asString())
                .isEqualTo("CONFIRMED");
        assertThat(shop.settled(REJECTED_ON_ITS_WAY, SETTLED).path("status").asString())
                .isEqualTo("REJECTED");
        assertThat(shop.settled(IN_THE_OUTBOX, SETTLED).path("status").asString())
                .isEqualTo("CONFIRMED");
        for (String cancelled : new String[] {CANCELLED_ON_ITS_WAY, CANCELLED_IN_THE_OUTBOX}) {
            await("the worker to undo " + cancelled)
                    .atMost(SETTLED)
                    .untilAsserted(
                            () -> assertThat(books.fulfilmentOf(cancelled)).isEqualTo("CANCELLED"));
        }
    }

    private static void theDeadLetterIsListedAndSentAgain(Stack stack, Shop shop) {
        assertThat(shop.order(DEAD).status("/status")).isEqualTo("PLACED");
        Shop operator = Shop.open(stack.frontDoor(), "operator", "ops");
        Shop.Answer letters = operator.send(operator.asMe("/api/dead-letters?open=true"));
        assertThat(letters.status("/deadLetters/0/orderId"))
                .as(letters.toString())
                .isEqualTo(DEAD);
        Shop.Answer redriven = operator.send(operator.asMe("/api/dead-letters/"
                        + letters.json().at("/deadLetters/0/id").asLong() + "/redrive")
                .POST(HttpRequest.BodyPublishers.noBody()));
        assertThat(redriven.status()).as(redriven.toString()).isEqualTo(200);
        // Two more failures of its payment, and then it works.
        assertThat(shop.settled(DEAD, SETTLED).path("status").asString()).isEqualTo("CONFIRMED");
    }

    /** Makes the tables as the version before had them, with its rows. */
    private static void load(Stack stack, String database, String module, String version)
            throws SQLException, IOException {
        String url = "jdbc:postgresql://" + stack.postgresPrimary() + "/" + database;
        String migrator = database + "_migrator";
        Flyway.configure()
                .dataSource(url, migrator, migrator)
                .locations("filesystem:" + module + "/src/main/resources/db/migration")
                .target(version)
                .configuration(Map.of("flyway.postgresql.transactional.lock", "false"))
                .load()
                .migrate();
        try (Connection connection = DriverManager.getConnection(url, migrator, migrator);
                Statement statement = connection.createStatement()) {
            Matcher copy = Pattern.compile(
                            "^(COPY (\\w+) [^\\n]*FROM STDIN);\\n(.*?)^\\\\\\.$", Pattern.MULTILINE | Pattern.DOTALL)
                    .matcher(dump(database));
            while (copy.find()) {
                statement.execute("DELETE FROM " + copy.group(2)); // the stock that a migration brings
                connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn(copy.group(1), new StringReader(copy.group(3)));
            }
            // As if the version before had just stopped: ids go on after those of the rows, and no order is days old.
            if (database.equals("orders")) {
                statement.execute("SELECT setval(pg_get_serial_sequence('outbox', 'id'), 1000)");
                statement.execute("SELECT setval(pg_get_serial_sequence('dead_letters', 'id'), 1000)");
                statement.execute(
                        "UPDATE orders SET placed_at = placed_at + (now() - (SELECT max(placed_at) FROM orders))");
            }
        }
    }

    private static String dump(String database) throws IOException {
        try (InputStream file = UpgradeIT.class.getResourceAsStream("/upgrade/" + database + ".sql")) {
            return new String(Objects.requireNonNull(file).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
