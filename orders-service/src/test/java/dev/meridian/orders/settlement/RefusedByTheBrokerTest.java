package dev.meridian.orders.settlement;

import static org.awaitility.Awaitility.await;

import dev.meridian.local.BackingServices;
import dev.meridian.orders.Api;
import dev.meridian.orders.OtherServices;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;

/** A right that the broker takes back and gives again, as while passwords or grants are changed. */
@RunningService
@ExtendWith(OutputCaptureExtension.class)
class RefusedByTheBrokerTest {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static final AclBinding MAY_READ = new AclBinding(
            new ResourcePattern(ResourceType.TOPIC, "fulfilment.outcomes", PatternType.LITERAL),
            new AccessControlEntry("User:orders-service", "*", AclOperation.READ, AclPermissionType.ALLOW));

    @Test
    void settlesOnceItMayReadAgain(@LocalServerPort int port, CapturedOutput log) throws Exception {
        var administrator = BackingServices.shared().kafkaAdministrator();
        var api = new Api(port);
        String customer = "customer-" + UUID.randomUUID();
        String id =
                api.place(customer, Api.order("TEA-001", 1)).json().at("/id").asString();
        try (Admin admin = Admin.create(administrator)) {
            admin.deleteAcls(List.of(MAY_READ.toFilter())).all().get();
            try {
                await("the listener to be refused")
                        .atMost(SOON)
                        .until(() -> log.getOut().contains("Authentication/Authorization Exception"));
                var outcome = new ProducerRecord<>(
                        "fulfilment.outcomes", id, "{\"orderId\":\"" + id + "\",\"outcome\":\"CONFIRMED\"}");
                outcome.headers().add("ce_type", "dev.meridian.fulfilment.decided".getBytes(StandardCharsets.UTF_8));
                OtherServices.template(administrator).send(outcome);
            } finally {
                admin.createAcls(List.of(MAY_READ)).all().get();
            }
        }
        await("the order to settle")
                .atMost(SOON)
                .until(() -> api.get("/api/orders/" + id, Tokens.of(customer))
                        .json()
                        .at("/status")
                        .asString()
                        .equals("CONFIRMED"));
    }
}
