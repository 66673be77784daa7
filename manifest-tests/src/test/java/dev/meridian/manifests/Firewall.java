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

    private static final Endpoint IMPOSTOR =
            new Endpoint("impostor", "default", Map.of("app.kubernetes.io/name", "gateway"), Map.of("http", 8080));

    /** The others on the cluster, one with our labels among them, and the rest of the world. */
    private static final List<Endpoint> OTHERS = List.of(
            IMPOSTOR,
            new Endpoint("world", "", Map.of(), Map.of("https", 443, "api", 6443, "postgres", 5432, "kafka", 9094)),
            new Endpoint("dns", "kube-system", Map.of("k8s-app", "kube-dns"), Map.of("dns/UDP", 53, "dns", 53)),
            new Endpoint(
                    "prometheus", "monitoring", Map.of("app.kubernetes.io/name", "prometheus"), Map.of("web", 9090)),
            new Endpoint("cnpg-operator", "cnpg-system", Map.of("app.kubernetes.io/name", "cloudnative-pg"), Map.of()),
            new Endpoint("strimzi-operator", "strimzi", Map.of("strimzi.io/kind", "cluster-operator"), Map.of()),
            new Endpoint(
                    "edge",
                    "envoy-gateway-system",
                    Map.of(
                            "gateway.envoyproxy.io/owning-gateway-name", "edge",
                            "gateway.envoyproxy.io/owning-gateway-namespace", "meridian"),
                    Map.of()));

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
        Cluster.of(manifests)
                .pods()
                .forEach(pods -> endpoints.add(new Endpoint(pods.name(), "meridian", pods.labels(), pods.ports())));
        Map<String, Set<String>> pairs = new TreeMap<>();
        for (Endpoint from : endpoints) {
            boolean named =
                    from.ours() || from.equals(IMPOSTOR) || from.namespace().isEmpty();
            for (Endpoint to : endpoints) {
                to.ports().forEach((name, port) -> {
                    boolean allowed = (from.ours() || to.ours())
                            && firewall.allows(from, to, name)
                            && (named || !firewall.allows(IMPOSTOR, to, name));
                    if (allowed) {
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
        return !subject.ours()
                || selecting.isEmpty()
                || selecting.stream()
                        .flatMap(policy ->
                                policy.each(direction.equals("Egress") ? "spec.egress" : "spec.ingress").stream())
                        .anyMatch(rule -> isPeer(rule.each(peers), peer) && isPort(rule.each("ports"), to, port));
    }

    private static boolean isPeer(List<Node> peers, Endpoint peer) {
        return peers.isEmpty()
                || peers.stream().anyMatch(one -> {
                    if (one.has("ipBlock")) {
                        throw new UnsupportedOperationException("addresses in policies: " + one);
                    }
                    Map<String, String> namespace = Map.of("kubernetes.io/metadata.name", peer.namespace());
                    boolean there = one.has("namespaceSelector")
                            ? !peer.namespace().isEmpty()
                                    && one.at("namespaceSelector").selects(namespace)
                            : peer.ours();
                    return there && one.at("podSelector").selects(peer.labels());
                });
    }

    private static boolean isPort(List<Node> ports, Endpoint to, String name) {
        int port = to.ports().getOrDefault(name, 0);
        return ports.isEmpty()
                || ports.stream().anyMatch(one -> {
                    int first = to.ports().getOrDefault(one.text("port"), one.number("port", port));
                    boolean protocol = one.text("protocol", "TCP").equals(name.endsWith("/UDP") ? "UDP" : "TCP");
                    return protocol && first <= port && port <= one.number("endPort", first);
                });
    }
}
