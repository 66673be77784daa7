package dev.meridian.manifests;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An object that makes pods. */
record Workload(Node resource) {

    /** A container of a pod. */
    record Container(Workload workload, Node node) {

        /** The last part of the image's name: {@code orders-service} of {@code host/orders-service@sha256:...}. */
        String program() {
            return node.text("image").replaceAll("[:@].*", "").replaceAll(".*/", "");
        }
    }

    static Optional<Workload> of(Node resource) {
        boolean makesPods = resource.kind().matches("Deployment|StatefulSet|Job");
        return makesPods ? Optional.of(new Workload(resource)) : Optional.empty();
    }

    Node pod() {
        return resource.at("spec.template.spec");
    }

    List<Container> containers() {
        return pod().each("containers").stream()
                .map(node -> new Container(this, node))
                .toList();
    }

    Cluster.Pods pods() {
        Map<String, Integer> ports = new LinkedHashMap<>();
        pod().all("containers[].ports[]")
                .forEach(port -> ports.put(port.text("name"), port.number("containerPort", 0)));
        return new Cluster.Pods(resource.name(), resource.map("spec.template.metadata.labels"), ports);
    }
}
