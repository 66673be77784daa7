package dev.meridian.manifests;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** An object that makes pods, and where in it their template is. */
record Workload(Resource resource, String template) {

    private static final Map<String, String> TEMPLATES = Map.of(
            "Deployment", "/spec/template",
            "StatefulSet", "/spec/template",
            "DaemonSet", "/spec/template",
            "Job", "/spec/template",
            "CronJob", "/spec/jobTemplate/spec/template");

    /** A container; its path is that of a report, such as {@code spec.template.spec.containers[gateway]}. */
    record Container(Workload workload, String path, JsonNode json, boolean init) {

        String image() {
            return json.path("image").asString("");
        }

        /** The last part of the image's name: {@code orders-service} of {@code registry/meridian/orders-service@sha256:...}. */
        String program() {
            return image().replaceAll("@.*", "").replaceAll(".*/", "").replaceAll(":.*", "");
        }

        /** By the port's name. */
        Map<String, Integer> ports() {
            Map<String, Integer> ports = new LinkedHashMap<>();
            json.path("ports")
                    .forEach(port -> ports.put(
                            port.path("name")
                                    .asString(port.path("containerPort").asString("")),
                            port.path("containerPort").asInt(0)));
            return ports;
        }
    }

    static Optional<Workload> of(Resource resource) {
        return Optional.ofNullable(TEMPLATES.get(resource.kind())).map(template -> new Workload(resource, template));
    }

    JsonNode pod() {
        return resource.at(template + "/spec");
    }

    /** The path of the pod's fields in reports. */
    String path() {
        return template.substring(1).replace('/', '.') + ".spec";
    }

    Map<String, String> labels() {
        return Resource.texts(resource.at(template + "/metadata/labels"));
    }

    List<Container> containers() {
        List<Container> containers = new ArrayList<>();
        Stream.of("initContainers", "containers")
                .forEach(list -> pod().path(list)
                        .forEach(container -> containers.add(new Container(
                                this,
                                path() + "." + list + "["
                                        + container.path("name").asString("") + "]",
                                container,
                                list.startsWith("init")))));
        return containers;
    }

    /** By name, of all containers. */
    Map<String, Integer> ports() {
        Map<String, Integer> ports = new LinkedHashMap<>();
        containers().forEach(container -> ports.putAll(container.ports()));
        return ports;
    }

    @Override
    public String toString() {
        return resource.toString();
    }
}
