package dev.meridian.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.local.BackingServices;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What becomes of an order. */
class WorkerTest extends RunningWorker {

    @LocalServerPort
    private int port;

    @Test
    void tellsTheOutcomeOfAnOrderAsACloudEventInTheSameTrace() throws Exception {
        UUID order = place("tok_ok");

        ConsumerRecord<String, byte[]> outcome = outcomes.awaitFirst(order.toString(), SOON);

        assertThat(Topic.header(outcome, "ce_specversion")).isEqualTo("1.0");
        assertThat(Topic.header(outcome, "ce_id")).isNotBlank();
        assertThat(Topic.header(outcome, "ce_source")).isEqualTo("/worker");
        assertThat(Topic.header(outcome, "ce_type")).isEqualTo("dev.meridian.fulfilment.decided");
        assertThat(Instant.parse(Topic.header(outcome, "ce_time")))
                .isBefore(Instant.now().plusSeconds(1));
        assertThat(Topic.header(outcome, "content-type")).isEqualTo("application/json");
        assertThat(Topic.header(outcome, "traceparent")).isEqualTo("00-" + TRACE + "-00f067aa0ba902b7-01");
        assertThat(value(outcome).get("outcome").asString()).isEqualTo("CONFIRMED");
        assertThat(violations("fulfilment-decided", outcome.value())).isEmpty();
    }

    @Test
    void tellsWhyAnOrderIsRejected() throws Exception {
        UUID order = place("tok_declined");

        ConsumerRecord<String, byte[]> outcome = outcomes.awaitFirst(order.toString(), SOON);

        assertThat(value(outcome).get("outcome").asString()).isEqualTo("REJECTED");
        assertThat(value(outcome).get("reason").asString()).isEqualTo("PAYMENT_DECLINED");
        assertThat(violations("fulfilment-decided", outcome.value())).isEmpty();
    }

    @Test
    void flakyPaymentSettlesOnceAfterSomeDeliveries() {
        UUID order = place("tok_flaky");

        assertThat(value(outcomes.awaitFirst(order.toString(), SOON))
                        .get("outcome")
                        .asString())
                .isEqualTo("CONFIRMED");
        assertThat(jdbc.sql("SELECT attempts FROM simulated_payment WHERE order_id = ?")
                        .param(order)
                        .query(Integer.class)
                        .single())
                .isEqualTo(3);
    }

    @Test
    void repeatedEventTellsTheSameDecisionAgain() {
        UUID order = place("tok_ok");
        ConsumerRecord<String, byte[]> first = outcomes.awaitFirst(order.toString(), SOON);

        send(order.toString(), event(order, "tok_ok", ""), "dev.meridian.order.placed");

        Awaitility.await()
                .atMost(SOON)
                .until(() -> outcomes.with(order.toString()).size() == 2);
        assertThat(outcomes.with(order.toString()).getLast().value()).isEqualTo(first.value());
        assertThat(jdbc.sql("SELECT count(*) FROM reservation WHERE order_id = ?")
                        .param(order)
                        .query(Integer.class)
                        .single())
                .isEqualTo(1);
    }

    @Test
    void cancellationGivesStockAndMoneyBack() {
        UUID order = place("tok_ok");
        outcomes.awaitFirst(order.toString(), SOON);
        assertThat(held(order)).isEqualTo(2);

        cancel(order, ",\"why\":\"a field of a later version\"");

        awaitBook(order, "CANCELLED REFUNDED");
        assertThat(held(order)).isZero();
    }

    @Test
    void cancellationThatOvertakesItsPlacementKeepsItFromTakingAnything() {
        UUID order = UUID.randomUUID();
        double refunds = refunds("nothing_charged");
        cancel(order, "");
        awaitBook(order, "CANCELLED BARRED");

        send(order.toString(), event(order, "tok_ok", ""), "dev.meridian.order.placed");

        // One by the cancellation, one by the placement that found it.
        Awaitility.await().atMost(SOON).until(() -> refunds("nothing_charged") == refunds + 2);
        awaitBook(order, "CANCELLED BARRED");
        assertThat(held(order)).isZero();
        assertThat(outcomes.with(order.toString())).isEmpty();
    }

    @Test
    void deadLetterThatIsPlacedAgainSettlesOnce() {
        UUID order = place("tok_flaky_12");
        deadLetters.awaitFirst(order.toString(), SOON);
        assertThat(outcomes.with(order.toString())).isEmpty();

        for (int i = 0; i < 2; i++) {
            send(order.toString(), event(order, "tok_flaky_12", ""), "dev.meridian.order.placed");
        }

        awaitBook(order, "CONFIRMED CHARGED");
        outcomes.awaitFirst(order.toString(), SOON);
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 0);
        assertThat(outcomes.with(order.toString()))
                .as("told once or several times, and always the same")
                .extracting(record -> new String(record.value(), StandardCharsets.UTF_8))
                .containsOnly(
                        new String(outcomes.with(order.toString()).getFirst().value(), StandardCharsets.UTF_8));
        assertThat(held(order)).isEqualTo(2);
    }

    @Test
    void twoHundredOrdersForTheLastFiftyAreFiftyConfirmations() {
        List<UUID> orders = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            UUID order = UUID.randomUUID();
            orders.add(order);
            String event = new String(event(order, "tok_ok", ""), StandardCharsets.UTF_8)
                    .replace("\"sku\":\"TEA-001\",\"quantity\":2", "\"sku\":\"LTD-001\",\"quantity\":1");
            send(order.toString(), event.getBytes(StandardCharsets.UTF_8), "dev.meridian.order.placed");
        }

        Map<String, Long> told = orders.stream()
                .map(order -> value(outcomes.awaitFirst(order.toString(), SOON)))
                .map(outcome -> outcome.path("outcome").asString() + " "
                        + outcome.path("reason").asString(""))
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));

        assertThat(told).containsOnly(Map.entry("CONFIRMED ", 50L), Map.entry("REJECTED OUT_OF_STOCK", 150L));
        assertThat(available("LTD-001")).isZero();
    }

    @Test
    void eachTopicHasAConsumerOfItsOwn() {
        try (Admin admin = Admin.create(BackingServices.shared().kafkaAdministrator())) {
            Awaitility.await()
                    .atMost(SOON)
                    .untilAsserted(() -> assertThat(
                                    admin.describeShareGroups(List.of("fulfilment")).all().get().values().stream()
                                            .flatMap(group -> group.members().stream())
                                            .map(member -> member.assignment().topicPartitions().stream()
                                                    .map(TopicPartition::topic)
                                                    .collect(Collectors.toSet())))
                            .containsExactlyInAnyOrder(Set.of("orders.placed"), Set.of("orders.cancelled")));
        }
    }

    @Test
    void showsItsMetricsAndNothingElse() throws Exception {
        UUID order = place("tok_ok");
        outcomes.awaitFirst(order.toString(), SOON);
        cancel(order, "");
        awaitBook(order, "CANCELLED REFUNDED");
        try (var http = HttpClient.newHttpClient()) {
            assertThat(get(http, "/actuator/health/readiness").body()).contains("UP");
            Awaitility.await()
                    .atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(get(http, "/actuator/prometheus").body())
                                    .contains(
                                            "meridian_fulfilment_outcomes_total",
                                            "meridian_fulfilment_cancellations_total{",
                                            "meridian_fulfilment_refunds_total{",
                                            "meridian_queue_handling_seconds_bucket",
                                            metricOfTheAutoscaler(),
                                            "meridian_queue_deliveries_total",
                                            "meridian_queue_retries_waiting",
                                            "meridian_queue_backing_off{"));
            assertThat(get(http, "/actuator/env").statusCode()).isEqualTo(404);
        }
    }

    private static String metricOfTheAutoscaler() throws IOException {
        String scaler = Files.readString(Path.of("../k8s/components/autoscaling/worker.yaml"));
        var metric = Pattern.compile("meridian_\\w+").matcher(scaler);
        assertThat(metric.find()).isTrue();
        return "\n" + metric.group() + "{";
    }

    private HttpResponse<String> get(HttpClient http, String path) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
