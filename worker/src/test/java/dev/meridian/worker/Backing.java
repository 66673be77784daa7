package dev.meridian.worker;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.local.BackingServices;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.springframework.boot.jdbc.DataSourceBuilder;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Points a test's application at the real PostgreSQL and Kafka of the tests. */
public class Backing implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    /** The catalogue's rare item, and how many of it there are. */
    public static final String RARE = "LTD-001";

    public static final int RARE_STOCK = 50;

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        BackingServices services = BackingServices.shared();
        TestPropertyValues.of(Map.of(
                        "meridian.postgres", services.postgresHosts(),
                        "spring.kafka.bootstrap-servers", services.kafkaBootstrapServers(),
                        "eureka.client.enabled", "false",
                        "server.port", "0",
                        // Quick failures: what is tested is that they wait, not for how long.
                        "meridian.queue.first-delay", "10ms",
                        "meridian.queue.longest-delay", "1s",
                        "meridian.queue.retry-interval", "50ms"))
                .applyTo(context);
    }

    /** The worker's migrated database, as the worker's runtime role sees it, for tests without an application. */
    public static HikariDataSource database(int connections) {
        String url = BackingServices.shared().jdbcUrl("fulfilment");
        Flyway.configure()
                .dataSource(url, "fulfilment_migrator", "fulfilment_migrator")
                .load()
                .migrate();
        HikariDataSource database = DataSourceBuilder.create()
                .type(HikariDataSource.class)
                .url(url)
                .username("fulfilment")
                .password("fulfilment")
                .build();
        database.setMaximumPoolSize(connections);
        return database;
    }

    public static TransactionTemplate transactions(DataSource database) {
        return new TransactionTemplate(new JdbcTransactionManager(database));
    }

    /** Back to the stock that the migrations brought, with no order known. */
    public static void reset(JdbcClient jdbc) {
        for (String statement : List.of(
                "DELETE FROM retry",
                "DELETE FROM reservation",
                "DELETE FROM fulfilment",
                "DELETE FROM simulated_payment",
                "UPDATE stock SET available = CASE sku WHEN 'LTD-001' THEN 50 ELSE 10000000 END")) {
            jdbc.sql(statement).update();
        }
    }
}
