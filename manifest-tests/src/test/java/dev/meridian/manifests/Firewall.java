package dev.meridian.manifests;

import dev.meridian.manifests.Cluster.Pods;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** Who may open a connection to whom, as the NetworkPolicies say. */
final class Firewall {

    /**
     * Where a connection begins or ends.
     *
     * @param namespace empty for what is no pod
     */
    record Endpoint(String name, String namespace, Map<String, String> labels, Map<String, Integer> ports) {

        boolean ours() {
            return namespace.equals("meridian");
        }
    }

    private static final String ADDRESS_OF_A_POD = "10.1.2.3";
    private static final String ADDRESS_ELSEWHERE = "203.0.113.7";

    private static final Endpoint IMPOSTOR =
            new Endpoint("impostor", "default", Map.of("app.kubernetes.io/name", "gateway"), Map.of("http", 8080));

    /** The others on the cluster, an impostor with our labels among them, and the rest of the world. */
    static final List<Endpoint> OTHERS = List.of(
            new Endpoint("dns", "kube-system", Map.of("k8s-app", "kube-dns"), Map.of("dns/UDP", 53, "dns", 53)),
            new Endpoint(
                    "edge",
                    "envoy-gateway-system",
                    Map.of(
                            "gateway.envoyproxy.io/owning-gateway-name", "edge",
                            "gateway.envoyproxy.io/owning-gateway-namespace", "meridian"),
                    Map.of()),
            new Endpoint(
                    "prometheus", "monitoring", Map.of("app.kubernetes.io/name", "prometheus"), Map.of("web", 9090)),
            new Endpoint("cnpg-operator", "cnpg-system", Map.of("app.kubernetes.io/name", "cloudnative-pg"), Map.of()),
            new Endpoint("strimzi-operator", "strimzi", Map.of("strimzi.io/kind", "cluster-operator"), Map.of()),
            IMPOSTOR,
            new Endpoint(
                    "world",
                    "",
                    Map.of(),
                    Map.of("https", 443, "kube-apiserver", 6443, "postgres", 5432, "kafka", 9094)));

    private final List<Resource> policies;
    private final List<Endpoint> endpoints = new ArrayList<>(OTHERS);

    private Firewall(Manifests manifests) {
        policies = manifests.ofKind("NetworkPolicy").toList();
        for (Pods pods : Cluster.of(manifests).pods()) {
            endpoints.add(new Endpoint(pods.name().replaceAll(".*/", ""), "meridian", pods.labels(), pods.ports()));
        }
    }

    /**
     * A line for each pair, with the ports: {@code gateway -> redis 6379}. What the impostor may, everybody may, and the other
     * namespaces' pods are not named again.
     */
    static Set<String> pairs(Manifests manifests) {
        Firewall firewall = new Firewall(manifests);
        Map<String, Set<String>> pairs = new TreeMap<>();
        for (Endpoint from : firewall.endpoints) {
            for (Endpoint to : firewall.endpoints) {
                if (from.ours() || to.ours()) {
                    to.ports().forEach((name, port) -> {
                        boolean anyone = !from.ours()
                                && !Set.of("impostor", "world").contains(from.name())
                                && firewall.allows(IMPOSTOR, to, name, port);
                        if (!anyone && firewall.allows(from, to, name, port)) {
                            pairs.computeIfAbsent(from.name() + " -> " + to.name(), _ -> new TreeSet<>())
                                    .add(port + (name.endsWith("/UDP") ? "/UDP" : ""));
                        }
                    });
                }
            }
        }
        return pairs.entrySet().stream()
                .map(pair -> pair.getKey() + " " + String.join(",", pair.getValue()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private boolean allows(Endpoint from, Endpoint to, String name, int port) {
        return allows("Egress", from, to, to, name, port) && allows("Ingress", to, from, to, name, port);
    }

    /** Everything is allowed where no policy selects the pod for this direction. */
    private boolean allows(String direction, Endpoint subject, Endpoint peer, Endpoint to, String name, int port) {
        if (!subject.ours()) {
            return true;
        }
        List<Resource> selecting = policies.stream()
                .filter(policy -> types(policy).anyMatch(direction::equals))
                .filter(policy -> Cluster.matches(policy.at("/spec/podSelector"), subject.labels()))
                .toList();
        boolean ingress = direction.equals("Ingress");
        return selecting.isEmpty()
                || selecting.stream()
                        .flatMap(policy -> policy.each(ingress ? "/spec/ingress" : "/spec/egress"))
                        .anyMatch(rule -> matchesPeer(rule.path(ingress ? "from" : "to"), peer)
                                && matchesPort(rule.path("ports"), to, name, port));
    }

    private static Stream<String> types(Resource policy) {
        return policy.at("/spec").has("policyTypes")
                ? policy.each("/spec/policyTypes").map(type -> type.asString(""))
                : Stream.of("Ingress", policy.at("/spec").has("egress") ? "Egress" : "Ingress");
    }

    private static boolean matchesPeer(JsonNode peers, Endpoint peer) {
        return peers.isEmpty()
                || peers.valueStream().anyMatch(one -> {
                    if (one.has("ipBlock")) {
                        return inside(
                                one.path("ipBlock"), peer.namespace().isEmpty() ? ADDRESS_ELSEWHERE : ADDRESS_OF_A_POD);
                    }
                    boolean namespace = one.has("namespaceSelector")
                            ? !peer.namespace().isEmpty()
                                    && Cluster.matches(
                                            one.path("namespaceSelector"),
                                            Map.of("kubernetes.io/metadata.name", peer.namespace()))
                            : peer.ours();
                    return namespace && Cluster.matches(one.path("podSelector"), peer.labels());
                });
    }

    private static boolean matchesPort(JsonNode ports, Endpoint to, String name, int port) {
        return ports.isEmpty()
                || ports.valueStream().anyMatch(one -> {
                    JsonNode wanted = one.path("port");
                    boolean protocol =
                            one.path("protocol").asString("TCP").equals(name.endsWith("/UDP") ? "UDP" : "TCP");
                    int last = one.path("endPort").asInt(wanted.asInt(0));
                    return protocol
                            && (wanted.isMissingNode()
                                    || (wanted.isNumber()
                                            ? wanted.asInt() <= port && port <= last
                                            : to.ports().getOrDefault(wanted.asString(""), 0) == port));
                });
    }

    private static boolean inside(JsonNode block, String address) {
        return within(block.path("cidr").asString(""), address)
                && block.path("except").valueStream().noneMatch(except -> within(except.asString(""), address));
    }

    private static boolean within(String cidr, String address) {
        int bits = Integer.parseInt(cidr.replaceAll(".*/", ""));
        return bits == 0 || number(cidr.replaceAll("/.*", "")) >>> (32 - bits) == number(address) >>> (32 - bits);
    }

    private static int number(String address) {
        int number = 0;
        for (String part : address.split("\\.")) {
            number = number << 8 | Integer.parseInt(part);
        }
        return number;
    }
}
