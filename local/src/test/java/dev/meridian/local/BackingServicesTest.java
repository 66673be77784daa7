package dev.meridian.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.net.Socket;
import java.sql.DriverManager;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;

class BackingServicesTest {

    @Test
    void areStartedOnceAndServeWhatTheEdgeDeclares() throws Exception {
        BackingServices services = BackingServices.shared();

        assertThat(BackingServices.shared()).isEqualTo(services);
        try (var connection = DriverManager.getConnection(services.jdbcUrl("orders"), "orders", "orders");
                var row = connection.createStatement().executeQuery("SELECT current_user")) {
            row.next();
            assertThat(row.getString(1)).isEqualTo("orders");
        }
        try (Admin admin = Admin.create(services.kafkaAdministrator())) {
            assertThat(admin.listTopics().names().get(10, TimeUnit.SECONDS))
                    .contains("orders.placed", "orders.changed", "fulfilment.dead-letters");
            ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "fulfilment");
            var settings = admin.describeConfigs(List.of(group)).all().get(10, TimeUnit.SECONDS);
            assertThat(settings.values().stream().flatMap(config -> config.entries().stream()))
                    .extracting(ConfigEntry::name, ConfigEntry::value)
                    .contains(tuple("share.auto.offset.reset", "earliest"), tuple("share.delivery.count.limit", "25"));
        }
        try (Socket redis = new Socket(services.redisHost(), services.redisPort())) {
            redis.getOutputStream().write("PING\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            assertThat(new String(redis.getInputStream().readNBytes(5))).isEqualTo("+PONG");
        }
    }
}
