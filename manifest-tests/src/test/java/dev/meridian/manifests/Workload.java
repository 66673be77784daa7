package dev.meridian.manifests;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** An object that makes pods. */
record Workload(Node resource) {

    /** A container of a pod. */
    record Container(Workload workload, Node node) {

        /** The last part of the image's name: {@code orders-service} of {@code host/orders-service@sha256:...}. */
        String program() {
            return node.text("image").replaceAll("[:@].*", "").replaceAll(".*/", "");
        }

        /** By name; a port without one goes by its number. */
        Map<String, Integer> ports() {
            Map<String, Integer> ports = new LinkedHashMap<>();
            for (Node port : node.each("ports")) {
                ports.put(port.text("name", port.text("containerPort")), port.number("containerPort", 0));
            }
            return ports;
        }
    }

    static Optional<Workload> of(Node resource) {
        boolean makesPods = resource.kind().matches("Deployment|StatefulSet|DaemonSet|Job");
        return makesPods ? Optional.of(new Workload(resource)) : Optional.empty();
    }

    Node pod() {
        return resource.at("spec.template.spec");
    }

    Map<String, String> labels() {
        return resource.map("spec.template.metadata.labels");
    }

    List<Container> containers() {
        return Stream.concat(pod().each("initContainers").stream(), pod().each("containers").stream())
                .map(node -> new Container(this, node))
                .toList();
    }

    Map<String, Integer> ports() {
        Map<String, Integer> ports = new LinkedHashMap<>();
        containers().forEach(container -> ports.putAll(container.ports()));
        return ports;
    }
}
