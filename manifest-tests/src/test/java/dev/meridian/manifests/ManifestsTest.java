package dev.meridian.manifests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

/** The overlays as they are. */
class ManifestsTest {

    static final Iterable<String> OVERLAYS = Manifests.OVERLAYS;

    /** Of every family of rules. */
    static Set<String> findings(Manifests manifests) {
        Findings findings = new Findings(new TreeSet<>());
        Schemas.INSTANCE.check(manifests, findings);
        WellFormed.check(manifests, "meridian", findings);
        References.check(manifests, findings);
        Hardening.check(manifests, findings);
        Applications.check(manifests, findings);
        Agreement.check(manifests, findings);
        return findings.lines();
    }

    @ParameterizedTest
    @FieldSource("OVERLAYS")
    void anOverlayHasNoMistake(String overlay) {
        assertThat(findings(Manifests.of(overlay))).isEmpty();
    }

    @Test
    void theProductionOverlaysDifferOnlyInTheirDatacenter() {
        Map<String, String> first = fields(Manifests.of("overlays/production-dc1"));
        Map<String, String> second = fields(Manifests.of("overlays/production-dc2"));
        Set<String> different = new TreeSet<>(first.keySet());
        different.addAll(second.keySet());
        different.removeIf(field -> Objects.equals(first.get(field), second.get(field)));
        assertThat(different.stream()
                        .map(field -> field.replaceAll("(\\.spec\\.bootstrap)\\..*", "$1"))
                        .distinct())
                .containsExactlyInAnyOrder(
                        "ConfigMap/environment .data.MERIDIAN_DATACENTER",
                        "Cluster/postgres .spec.bootstrap",
                        "Cluster/postgres .spec.replica.self",
                        "Cluster/postgres .spec.replica.source",
                        "Cluster/postgres .spec.plugins.0.parameters.serverName",
                        "Kafka/kafka .spec.kafka.listeners.1.configuration.advertisedHostTemplate");
    }

    /** Each value by its object and path; without what Kustomize appends to names of ConfigMaps. */
    private static Map<String, String> fields(Manifests manifests) {
        Map<String, String> fields = new TreeMap<>();
        manifests.resources().forEach(resource -> flatten(unhashed(resource.object()) + " ", resource.json(), fields));
        return fields;
    }

    private static void flatten(String path, JsonNode value, Map<String, String> fields) {
        if (value.isValueNode()) {
            fields.put(path, unhashed(value.asString("")));
        }
        value.forEachEntry((name, child) -> flatten(path + "." + name, child, fields));
        for (int i = 0; value.isArray() && i < value.size(); i++) {
            flatten(path + "." + i, value.get(i), fields);
        }
    }

    private static String unhashed(String text) {
        return text.replaceAll("^((?:ConfigMap/)?(?:environment|data))-[a-z0-9]{10}$", "$1");
    }

    @Test
    void whatAClusterNeedsFirstHasNoMistake() {
        Findings findings = new Findings(new TreeSet<>());
        Schemas.INSTANCE.check(Manifests.of("infrastructure"), findings);
        WellFormed.check(Manifests.of("infrastructure"), "", findings);
        assertThat(findings.lines()).isEmpty();
    }

    @Test
    void theSourcesPutItTogetherSafely() {
        Findings findings = new Findings(new TreeSet<>());
        Sources.check(Manifests.FOLDER, findings);
        assertThat(findings.lines()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', textBlock = """
            commonLabels: {team: orders}; commonLabels
            patches: [{patch: '[{op: replace, path: /spec/plugins/0/name, value: x}]'}]; is an index, with no test before
            patches: [{patch: '{apiVersion: kafka.strimzi.io/v1, kind: Kafka, spec: {kafka: {listeners: []}}}'}]; a whole list of Kafka
            """)
    void anUnsafeKustomizationIsFound(String kustomization, String report) {
        Findings findings = new Findings(new TreeSet<>());
        Manifests.yaml(kustomization).forEach(yaml -> Sources.check(Path.of("kustomization.yaml"), yaml, findings));
        assertThat(findings.lines()).singleElement().asString().contains(report);
    }

    @Test
    void rulesOfDefinitionsAreEvaluated() {
        assumeTrue(Schemas.INSTANCE.complete(), "there are no schemas of custom resources");
        Manifests.OVERLAYS.forEach(overlay -> findings(Manifests.of(overlay)));
        System.out.printf(
                "%d rules in CEL were evaluated, %d that compare with a former state were not%n",
                Schemas.INSTANCE.rules.evaluated(),
                Schemas.INSTANCE.rules.leftOut().size());
        assertThat(Schemas.INSTANCE.rules.evaluated()).isGreaterThan(30);
    }

    @Test
    void renderingAndCheckingTakesSeconds() {
        Instant start = Instant.now();
        for (String overlay : Manifests.OVERLAYS) {
            findings(Manifests.render(overlay));
        }
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(90));
    }
}
