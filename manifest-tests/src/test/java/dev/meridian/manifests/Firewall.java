package dev.meridian.manifests;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Who may open a connection to whom, as the NetworkPolicies say. */
final class Firewall {

    /**
     * Where a connection begins or ends.
     *
     * @param namespace empty for what is no pod
     * @param ports by name, which ends with /UDP if the port is one of UDP
     */
    private record Endpoint(String name, String namespace, Map<String, String> labels, Map<String, Integer> ports) {

        boolean ours() {
            return namespace.equals("meridian");
        }
    }

    private static final String NAME = "app.kubernetes.io/name";
    private static final String OWNER = "gateway.envoyproxy.io/owning-gateway-name";
    private static final String OWNERS = "gateway.envoyproxy.io/owning-gateway-namespace";

    private static final Endpoint IMPOSTOR = new Endpoint("impostor", "default", Map.of(NAME, "gateway"), Map.of());

    /** The others on the cluster, one with our labels among them, and the rest of the world. */
    private static final List<Endpoint> OTHERS = List.of(
            IMPOSTOR,
            new Endpoint("world", "", Map.of(), Map.of("https", 443, "api", 6443, "postgres", 5432, "kafka", 9094)),
            new Endpoint("dns", "kube-system", Map.of("k8s-app", "kube-dns"), Map.of("dns/UDP", 53, "dns", 53)),
            new Endpoint("prometheus", "monitoring", Map.of(NAME, "prometheus"), Map.of()),
            new Endpoint("cnpg-operator", "cnpg-system", Map.of(NAME, "cloudnative-pg"), Map.of()),
            new Endpoint("strimzi-operator", "strimzi", Map.of("strimzi.io/kind", "cluster-operator"), Map.of()),
            new Endpoint("edge", "envoy-gateway-system", Map.of(OWNER, "edge", OWNERS, "meridian"), Map.of()));

    private final List<Node> policies;

    private Firewall(Manifests manifests) {
        policies = manifests.ofKind("NetworkPolicy");
    }

    /**
     * A line for each pair, with the ports: {@code gateway -> redis 6379}. What the impostor may, everybody may, and the other
     * namespaces' pods are not named again.
     */
    static Set<String> pairs(Manifests manifests) {
        Firewall firewall = new Firewall(manifests);
        List<Endpoint> endpoints = new ArrayList<>(OTHERS);
        for (Cluster.Pods pods : Cluster.of(manifests).pods()) {
            endpoints.add(new Endpoint(pods.name(), "meridian", pods.labels(), pods.ports()));
        }
        Map<String, Set<String>> pairs = new TreeMap<>();
        for (Endpoint from : endpoints) {
            boolean named =
                    from.ours() || from.equals(IMPOSTOR) || from.namespace().isEmpty();
            for (Endpoint to : endpoints) {
                to.ports().forEach((name, port) -> {
                    boolean listed = (from.ours() || to.ours()) && (named || !firewall.allows(IMPOSTOR, to, name));
                    if (listed && firewall.allows(from, to, name)) {
                        pairs.computeIfAbsent(from.name() + " -> " + to.name(), _ -> new TreeSet<>())
                                .add(port + (name.endsWith("/UDP") ? "/UDP" : ""));
                    }
                });
            }
        }
        return pairs.entrySet().stream()
                .map(pair -> pair.getKey() + " " + String.join(",", pair.getValue()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private boolean allows(Endpoint from, Endpoint to, String port) {
        return allows("Egress", from, "to", to, to, port) && allows("Ingress", to, "from", from, to, port);
    }

    /** Everything is allowed where no policy selects the pod for this direction. */
    private boolean allows(String direction, Endpoint subject, String peers, Endpoint peer, Endpoint to, String port) {
        List<Node> selecting = policies.stream()
                .filter(policy -> policy.texts("spec.policyTypes").contains(direction))
                .filter(policy -> policy.at("spec.podSelector").selects(subject.labels()))
                .toList();
        String rules = direction.equals("Egress") ? "spec.egress[]" : "spec.ingress[]";
        boolean allowed = selecting.stream()
                .flatMap(policy -> policy.all(rules))
                .anyMatch(rule -> isPeer(rule.each(peers), peer) && isPort(rule.each("ports"), to, port));
        return !subject.ours() || selecting.isEmpty() || allowed;
    }

    private static boolean isPeer(List<Node> peers, Endpoint peer) {
        boolean any = peers.isEmpty();
        for (Node one : peers) {
            if (one.has("ipBlock")) {
                throw new UnsupportedOperationException("addresses in policies: " + one);
            }
            boolean there = peer.ours();
            if (one.has("namespaceSelector")) {
                Map<String, String> namespace = Map.of("kubernetes.io/metadata.name", peer.namespace());
                there = !peer.namespace().isEmpty()
                        && one.at("namespaceSelector").selects(namespace);
            }
            any |= there && one.at("podSelector").selects(peer.labels());
        }
        return any;
    }

    private static boolean isPort(List<Node> ports, Endpoint to, String name) {
        int port = to.ports().getOrDefault(name, 0);
        boolean any = ports.isEmpty();
        for (Node one : ports) {
            boolean protocol = one.text("protocol", "TCP").equals(name.endsWith("/UDP") ? "UDP" : "TCP");
            int first = to.ports().getOrDefault(one.text("port"), one.number("port", one.has("port") ? 0 : port));
            any |= protocol && first <= port && port <= one.number("endPort", first);
        }
        return any;
    }
}
