package dev.meridian.manifests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who has to reach whom, and that nobody else does. */
class FirewallTest {

    /** The way of an order, from the edge to the databases, and what runs them. */
    private static final String EVERYWHERE = """
            edge -> cdn 8080
            cdn -> gateway 8080
            gateway -> orders-service 8080,8081
            gateway -> discovery 8080
            gateway -> redis 6379
            orders-service -> discovery 8080,8081
            orders-service -> gateway 8081
            orders-service -> orders-service 8081
            orders-service -> worker 8081
            orders-service -> postgres 5432
            orders-service -> redis 6379
            worker -> discovery 8080
            worker -> postgres 5432
            discovery -> discovery 8080
            orders-service-migration -> postgres 5432
            worker-migration -> postgres 5432
            kafka-groups -> kafka-kafka 9093
            kafka-kafka -> kafka-kafka 9090,9091
            kafka-kafka -> world 443,6443
            kafka-entity-operator -> kafka-kafka 9091
            kafka-entity-operator -> world 443,6443
            strimzi-operator -> kafka-kafka 8443,9090,9091
            postgres -> postgres 5432,8000
            prometheus -> discovery 8081
            prometheus -> gateway 8081
            prometheus -> orders-service 8081
            prometheus -> worker 8081
            prometheus -> kafka-kafka 9404
            prometheus -> postgres 9187
            """;

    /** The issuer is ours. */
    private static final String STAGING = """
            gateway -> identity 8080,8081
            identity -> discovery 8080
            orders-service -> identity 8080,8081
            orders-service -> kafka-kafka 9093
            worker -> kafka-kafka 9093
            cnpg-operator -> postgres 5432,8000
            postgres -> world 443,6443
            prometheus -> identity 8081
            """;

    /**
     * The issuer and the active datacenter are elsewhere. What comes through a load balancer comes from an address that no
     * policy knows, so its port is open to everyone.
     */
    private static final String PRODUCTION = """
            gateway -> world 443
            orders-service -> world 443,5432,9094
            orders-service -> kafka-kafka 9093,9094
            worker -> world 5432,9094
            worker -> kafka-kafka 9093,9094
            orders-service-migration -> world 5432
            worker-migration -> world 5432
            postgres -> world 443,5432,6443
            cnpg-operator -> postgres 8000
            impostor -> kafka-kafka 9094
            impostor -> postgres 5432
            world -> kafka-kafka 9094
            world -> postgres 5432
            """;

    @ParameterizedTest
    @CsvSource({"overlays/staging", "overlays/production-dc1", "overlays/production-dc2"})
    void everyoneReachesWhatTheyNeedAndNothingElse(String overlay) {
        Manifests manifests = Manifests.of(overlay);
        List<String> needed = new ArrayList<>();
        needed.addAll(EVERYWHERE.lines().toList());
        needed.addAll((overlay.equals("overlays/staging") ? STAGING : PRODUCTION)
                .lines()
                .toList());
        Cluster.of(manifests)
                .pods()
                .forEach(pods -> needed.add(pods.name().replaceAll(".*/", "") + " -> dns 53,53/UDP"));

        assertThat(Firewall.pairs(manifests)).containsExactlyInAnyOrderElementsOf(needed);
    }

    /** What the changed policy allows that it should not, or no longer allows. */
    @ParameterizedTest(name = "{0} {1} = {2}")
    @CsvSource(delimiter = ';', quoteCharacter = '`', nullValues = "(removed)", textBlock = """
            NetworkPolicy/redis; /spec/ingress/0/from/0; (removed); gateway -> redis 6379
            NetworkPolicy/gateway; /spec/egress/0; (removed); gateway -> orders-service 8080,8081
            NetworkPolicy/cdn; /spec/ingress/0/from/0/namespaceSelector; (removed); edge -> cdn 8080
            NetworkPolicy/discovery; /spec/ingress/0/from/1/namespaceSelector; {}; impostor -> discovery 8080
            NetworkPolicy/cdn; /spec/ingress/0/from; []; world -> cdn 8080
            NetworkPolicy/discovery; /spec/ingress/0/from/-; {"namespaceSelector": {}}; impostor -> discovery 8080
            NetworkPolicy/worker; /spec/egress/-; {}; worker -> world 443,5432,6443,9094
            NetworkPolicy/dns; /spec/egress/0/ports/0/protocol; "TCP"; gateway -> dns 53,53/UDP
            """)
    void aChangedPolicyIsSeen(String object, String field, @Nullable String value, String pair) {
        Set<String> before = Firewall.pairs(Manifests.of("overlays/staging"));
        Set<String> after = Firewall.pairs(Manifests.of("overlays/staging").with(object, field, value));

        assertThat(after).isNotEqualTo(before);
        assertThat(after.contains(pair)).isNotEqualTo(before.contains(pair));
    }

    @Test
    void theDatabaseIsNoneOfTheGatewaysBusinessAndTheOrdersNoneOfTheCdns() {
        assertThat(Firewall.pairs(Manifests.of("overlays/staging")))
                .noneMatch(pair -> pair.startsWith("gateway -> postgres"))
                .noneMatch(pair -> pair.startsWith("cdn -> orders-service"));
    }

    @Test
    void bothSidesHaveToAllow() {
        Manifests outside = Manifests.of("overlays/staging").with("NetworkPolicy/default-deny", "/spec/egress", "[{}]");
        assertThat(Firewall.pairs(outside)).noneMatch(pair -> pair.startsWith("gateway -> postgres"));

        Manifests both = outside.with("NetworkPolicy/default-deny", "/spec/ingress", "[{}]");
        assertThat(Firewall.pairs(both)).contains("gateway -> postgres 5432,8000,9187");
    }
}
