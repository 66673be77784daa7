package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.local.BackingServices;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/** The start-up check against a real broker, each time with another piece of the set-up missing. */
class QueueCheckTest {

    private final String group = "check-" + UUID.randomUUID();
    private final Admin admin = Admin.create(BackingServices.shared().kafkaAdministrator());

    @BeforeEach
    void wellSetUp() throws Exception {
        set("share.auto.offset.reset", "earliest");
    }

    @AfterEach
    void cleanUp() {
        admin.close();
    }

    @Test
    void passesAQueueThatKeepsEveryOrder() {
        assertThatCode(this::check).doesNotThrowAnyException();
    }

    @Test
    void refusesAGroupThatSkipsWhatWasSentBefore() throws Exception {
        set("share.auto.offset.reset", "latest");

        refusedFor("share.auto.offset.reset of share group " + group + " is 'latest'");
    }

    @Test
    void refusesAGroupOfWhichNothingIsSet() throws Exception {
        set("share.auto.offset.reset", null);

        refusedFor("share.auto.offset.reset of share group " + group + " is ");
    }

    @Test
    void refusesATopicThatIsNotThere() {
        assertThatThrownBy(() -> QueueCheck.check(admin, group, List.of("orders.imagined")))
                .hasMessageContaining("[orders.imagined] do not exist");
    }

    @Test
    void refusesABrokerThatDoesNotAnswer() {
        try (Admin nobody = Admin.create(Map.of(
                "bootstrap.servers", "127.0.0.1:1", "default.api.timeout.ms", "1000", "request.timeout.ms", "1000"))) {
            assertThatThrownBy(() -> QueueCheck.check(nobody, group, List.of("orders.placed")))
                    .isInstanceOf(InvalidConfigurationPropertyValueException.class)
                    .hasMessageContaining("cannot be read");
        }
    }

    private void refusedFor(String reason) {
        assertThatThrownBy(this::check)
                .isInstanceOf(InvalidConfigurationPropertyValueException.class)
                .hasMessageContaining(reason);
    }

    private void check() {
        QueueCheck.check(admin, group, List.of("orders.placed"));
    }

    private void set(String name, @Nullable String value) throws Exception {
        Collection<AlterConfigOp> change = List.of(new AlterConfigOp(
                new ConfigEntry(name, value), value == null ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET));
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, group), change))
                .all()
                .get();
    }
}
