package dev.meridian.manifests;

import dev.meridian.manifests.Cluster.Pods;
import dev.meridian.manifests.Workload.Container;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** What an object names exists, and selectors match something. */
final class References {

    /** Fields of operators' kinds whose {@code name} is that of a Secret. */
    private static final Set<String> SECRETS = Set.of("passwordSecret", "superuserSecret", "certificateRefs");

    /** Fields that are the name of a Secret. */
    private static final Set<String> SECRET_NAMES =
            Set.of("secretName", "serverTLSSecret", "serverCASecret", "clientCASecret", "replicationTLSSecret");

    /** Hosts with ports in settings: {@code redis:6379}, {@code http://identity:8080/}. */
    private static final Pattern HOST_AND_PORT =
            Pattern.compile("(?<![\\w.-])([a-z][a-z0-9-]*(?:\\.[a-z0-9-]+)*):(\\d{2,5})\\b");

    private final Cluster cluster;
    private final Manifests manifests;
    private final Manifests infrastructure;
    private final Findings findings;
    private final Set<String> used = new HashSet<>();

    private References(Manifests manifests, Manifests infrastructure, Findings findings) {
        this.cluster = Cluster.of(manifests);
        this.manifests = manifests;
        this.infrastructure = infrastructure;
        this.findings = findings;
    }

    /** @param infrastructure what every cluster has before, such as the store of secrets */
    static void check(Manifests manifests, Manifests infrastructure, Findings findings) {
        References references = new References(manifests, infrastructure, findings);
        manifests.workloads().forEach(references::checkPods);
        manifests.resources().forEach(references::checkResource);
        manifests.resources().forEach(resource -> references.checkKeys(resource, "", "", resource.json()));
        references.checkUnused();
    }

    private void checkPods(Workload workload) {
        String path = workload.path();
        JsonNode pod = workload.pod();
        exists(
                "ServiceAccount",
                pod.path("serviceAccountName").asString("default"),
                workload,
                path + ".serviceAccountName");
        JsonNode selector = workload.resource().at("/spec/selector");
        findings.unless(
                Cluster.matches(selector, workload.labels()),
                workload,
                "spec.selector",
                "does not match the labels of the template");
        pod.path("topologySpreadConstraints")
                .forEach(constraint -> findings.unless(
                        Cluster.matches(constraint.path("labelSelector"), workload.labels()),
                        workload,
                        path + ".topologySpreadConstraints",
                        "the labelSelector does not match the pods themselves"));
        checkVolumes(workload);
        workload.containers().forEach(this::checkContainer);
        if (workload.resource().kind().equals("StatefulSet")) {
            service(workload.resource().text("/spec/serviceName"), "", workload, "spec.serviceName");
        }
    }

    private void checkVolumes(Workload workload) {
        Set<String> volumes = new HashSet<>();
        for (JsonNode volume : workload.pod().path("volumes")) {
            String name = volume.path("name").asString("");
            findings.unless(volumes.add(name), workload, workload.path() + ".volumes", "two are named " + name);
            sources(volume).forEach(source -> {
                JsonNode secret = source.path("secret");
                JsonNode configMap = source.path("configMap");
                String field = workload.path() + ".volumes[" + name + "]";
                if (!secret.isMissingNode()) {
                    String secretName = secret.path("secretName")
                            .asString(secret.path("name").asString(""));
                    hasKeys("Secret", secretName, secret.path("items"), workload, field);
                }
                if (!configMap.isMissingNode()) {
                    hasKeys("ConfigMap", configMap.path("name").asString(""), configMap.path("items"), workload, field);
                }
            });
        }
        workload.resource()
                .each("/spec/volumeClaimTemplates")
                .forEach(claim -> volumes.add(claim.at("/metadata/name").asString("")));
        Set<String> mounted = new HashSet<>();
        for (Container container : workload.containers()) {
            Set<String> paths = new HashSet<>();
            container.json().path("volumeMounts").forEach(mount -> {
                String name = mount.path("name").asString("");
                mounted.add(name);
                findings.unless(
                        volumes.contains(name),
                        workload,
                        container.path(),
                        "mounts the volume " + name + ", which does not exist");
                String mountPath = mount.path("mountPath").asString("");
                findings.unless(paths.add(mountPath), workload, container.path(), "mounts two volumes at " + mountPath);
            });
        }
        findings.each(
                volumes,
                mounted::contains,
                workload,
                workload.path() + ".volumes",
                name -> "no container mounts " + name);
    }

    private static Stream<JsonNode> sources(JsonNode volume) {
        return Stream.concat(Stream.of(volume), volume.at("/projected/sources").valueStream());
    }

    private void checkContainer(Container container) {
        Workload workload = container.workload();
        String path = container.path();
        container.json().path("env").forEach(entry -> {
            String field = path + ".env[" + entry.path("name").asString("") + "]";
            entry.path("valueFrom").forEachEntry((source, reference) -> {
                if (source.endsWith("KeyRef")) {
                    hasKey(source.startsWith("secret") ? "Secret" : "ConfigMap", reference, workload, field);
                }
            });
        });
        Map<String, String> environment = cluster.environment(container);
        environment.forEach((name, value) -> {
            String port = environment.getOrDefault(name.replaceAll("_HOST$", "_PORT"), "");
            checkHosts(name.endsWith("_HOST") ? value + ":" + port : value, workload, path + ".env[" + name + "]");
        });
        container.json().path("envFrom").forEach(source -> {
            JsonNode secret = source.path("secretRef");
            String kind = secret.isMissingNode() ? "ConfigMap" : "Secret";
            hasKeys(
                    kind,
                    source.path(kind.equals("Secret") ? "secretRef" : "configMapRef")
                            .path("name")
                            .asString(""),
                    source.path("items"),
                    workload,
                    path + ".envFrom");
        });
        Stream.of("command", "args")
                .forEach(list -> container
                        .json()
                        .path(list)
                        .forEach(argument -> checkHosts(argument.asString(""), workload, path + "." + list)));
        Stream.of("startupProbe", "readinessProbe", "livenessProbe")
                .forEach(probe -> Stream.of("httpGet", "tcpSocket", "grpc")
                        .map(action -> container.json().path(probe).path(action).path("port"))
                        .filter(port -> !port.isMissingNode())
                        .forEach(port -> hasPort(container.ports(), port, workload, path + "." + probe)));
    }

    /** Hosts of one label are services, as are the pods of a headless one; others are elsewhere. */
    private void checkHosts(String text, Workload workload, String field) {
        for (MatchResult found : HOST_AND_PORT.matcher(text).results().toList()) {
            List<String> labels = List.of(found.group(1)
                    .replaceAll("\\.svc(\\.cluster\\.local)?$", "")
                    .split("\\."));
            boolean pod = labels.size() == 2
                    && manifests
                            .find("StatefulSet", labels.getFirst().replaceAll("-\\d+$", ""))
                            .isPresent();
            if (pod) {
                String set = labels.getFirst().replaceAll("-\\d+$", "");
                int replicas = manifests
                        .find("StatefulSet", set)
                        .orElseThrow()
                        .at("/spec/replicas")
                        .asInt(1);
                findings.unless(
                        Integer.parseInt(labels.getFirst().substring(set.length() + 1)) < replicas,
                        workload,
                        field,
                        "there is no pod " + labels.getFirst());
            }
            if ((labels.size() == 1 && !labels.getFirst().equals("localhost")) || pod) {
                service(labels.getLast(), found.group(2), workload, field);
            }
        }
    }

    private void checkResource(Resource resource) {
        BiConsumer<String, String> same =
                (kind, pointer) -> exists(kind, resource.text(pointer), resource, dotted(pointer));
        switch (resource.kind()) {
            case "Service" -> checkService(resource);
            case "HorizontalPodAutoscaler", "ScaledObject" -> checkScaler(resource);
            case "HTTPRoute" -> checkRoute(resource);
            case "PodDisruptionBudget" -> matches(resource, "/spec/selector");
            case "PodMonitor" -> {
                Set<String> ports = matches(resource, "/spec/selector").stream()
                        .flatMap(pods -> pods.ports().keySet().stream())
                        .collect(Collectors.toSet());
                resource.each("/spec/podMetricsEndpoints")
                        .map(endpoint -> endpoint.path("port").asString(""))
                        .forEach(port -> findings.unless(
                                ports.contains(port),
                                resource,
                                "spec.podMetricsEndpoints",
                                "no pod has a port " + port));
            }
            case "NetworkPolicy" -> checkPolicy(resource);
            case "ExternalSecret" -> {
                String kind = resource.at("/spec/secretStoreRef/kind").asString("SecretStore");
                same.accept(kind, "/spec/secretStoreRef/name");
            }
            case "Certificate" ->
                same.accept(resource.at("/spec/issuerRef/kind").asString("Issuer"), "/spec/issuerRef/name");
            case "Gateway" -> same.accept("GatewayClass", "/spec/gatewayClassName");
            case "Database", "ScheduledBackup" -> same.accept("Cluster", "/spec/cluster/name");
            case "KafkaTopic", "KafkaUser", "KafkaNodePool" ->
                same.accept("Kafka", "/metadata/labels/strimzi.io~1cluster");
            case "Cluster" -> checkPostgres(resource);
            default -> {}
        }
    }

    private void checkService(Resource service) {
        JsonNode selector = service.at("/spec/selector");
        List<Pods> selected = cluster.selected(selector);
        if (selector.isEmpty()) {
            return;
        }
        findings.unless(!selected.isEmpty(), service, "spec.selector", "matches no pod");
        selected.forEach(pods -> service.each("/spec/ports")
                .forEach(port -> hasPort(
                        pods.ports(),
                        port.has("targetPort") ? port.path("targetPort") : port.path("port"),
                        service,
                        "spec.ports")));
    }

    private void checkScaler(Resource scaler) {
        String kind = scaler.at("/spec/scaleTargetRef/kind").asString("Deployment");
        String name = scaler.text("/spec/scaleTargetRef/name");
        exists(kind, name, scaler, "spec.scaleTargetRef");
        boolean horizontal = scaler.kind().equals("HorizontalPodAutoscaler");
        int least = scaler.at(horizontal ? "/spec/minReplicas" : "/spec/minReplicaCount")
                .asInt(1);
        int most = scaler.at(horizontal ? "/spec/maxReplicas" : "/spec/maxReplicaCount")
                .asInt(100);
        findings.unless(least <= most, scaler, "spec", "the fewest replicas are more than the most");
        manifests
                .find(kind, name)
                .ifPresent(target -> findings.unless(
                        !target.at("/spec").has("replicas"),
                        target,
                        "spec.replicas",
                        "is what " + scaler + " decides"));
        scaler.each("/spec/triggers")
                .filter(trigger -> trigger.has("authenticationRef"))
                .forEach(trigger -> exists(
                        trigger.at("/authenticationRef/kind").asString("TriggerAuthentication"),
                        trigger.at("/authenticationRef/name").asString(""),
                        scaler,
                        "spec.triggers"));
    }

    private void checkRoute(Resource route) {
        route.each("/spec/parentRefs").forEach(parent -> {
            String name = parent.path("name").asString("");
            exists("Gateway", name, route, "spec.parentRefs");
            String section = parent.path("sectionName").asString("");
            manifests
                    .find("Gateway", name)
                    .ifPresent(gateway -> findings.unless(
                            section.isEmpty()
                                    || gateway.each("/spec/listeners")
                                            .anyMatch(listener -> listener.path("name")
                                                    .asString("")
                                                    .equals(section)),
                            route,
                            "spec.parentRefs",
                            gateway + " has no listener " + section));
        });
        route.each("/spec/rules")
                .flatMap(rule -> rule.path("backendRefs").valueStream())
                .forEach(backend -> service(
                        backend.path("name").asString(""), backend.path("port").asString(""), route, "spec.rules"));
    }

    private void checkPolicy(Resource policy) {
        List<Pods> pods = matches(policy, "/spec/podSelector");
        Stream.of("ingress", "egress")
                .forEach(direction -> policy.each("/spec/" + direction).forEach(rule -> {
                    String field = "spec." + direction;
                    List<Pods> peers = rule.path(direction.equals("ingress") ? "from" : "to")
                            .valueStream()
                            .filter(peer -> peer.has("podSelector") && !peer.has("namespaceSelector"))
                            .map(peer -> peer.path("podSelector"))
                            .peek(selector -> findings.unless(
                                    !cluster.matching(selector).isEmpty(), policy, field, "no pod matches " + selector))
                            .flatMap(selector -> cluster.matching(selector).stream())
                            .toList();
                    List<Pods> targets = direction.equals("ingress") ? pods : peers;
                    rule.path("ports")
                            .forEach(port -> findings.unless(
                                    targets.isEmpty()
                                            || targets.stream()
                                                    .anyMatch(target -> known(target.ports(), port.path("port"))),
                                    policy,
                                    field + ".ports",
                                    "no pod has the port " + port.path("port").asString("")));
                }));
    }

    private void checkPostgres(Resource postgres) {
        Set<String> external = postgres.each("/spec/externalClusters")
                .map(one -> one.path("name").asString(""))
                .collect(Collectors.toSet());
        Stream.of("/spec/replica/source", "/spec/bootstrap/recovery/source", "/spec/bootstrap/pg_basebackup/source")
                .filter(pointer -> !postgres.text(pointer).isEmpty())
                .forEach(pointer -> findings.unless(
                        external.contains(postgres.text(pointer)),
                        postgres,
                        dotted(pointer),
                        "there is no external cluster " + postgres.text(pointer)));
        Stream.concat(
                        postgres.each("/spec/plugins"),
                        postgres.each("/spec/externalClusters").map(one -> one.path("plugin")))
                .map(plugin -> plugin.at("/parameters/barmanObjectName").asString(""))
                .filter(name -> !name.isEmpty())
                .forEach(name -> exists("ObjectStore", name, postgres, "plugin parameters.barmanObjectName"));
        Set<String> roles = postgres.each("/spec/managed/roles")
                .map(role -> role.path("name").asString(""))
                .collect(Collectors.toSet());
        roles.add(postgres.at("/spec/bootstrap/initdb/owner").asString("app"));
        manifests
                .ofKind("Database")
                .forEach(database -> findings.unless(
                        roles.contains(database.text("/spec/owner")),
                        database,
                        "spec.owner",
                        "there is no role " + database.text("/spec/owner")));
    }

    /** References of operators' kinds, by the names of their fields. */
    private void checkKeys(Resource resource, String path, String field, JsonNode value) {
        if (Workload.of(resource).isPresent() && !path.isEmpty() || path.equals("status")) {
            return;
        }
        if (value.isObject()) {
            boolean selector = value.has("key") && value.has("name") && value.size() <= 3;
            if (selector && !field.equals("remoteRef")) {
                hasKey(field.startsWith("configMap") ? "ConfigMap" : "Secret", value, resource, path);
            }
            if (SECRETS.contains(field)) {
                exists("Secret", value.path("name").asString(""), resource, path);
            }
            value.forEachEntry(
                    (name, child) -> checkKeys(resource, path.isEmpty() ? name : path + "." + name, name, child));
        } else if (value.isArray()) {
            value.forEach(element -> checkKeys(resource, path, field, element));
        } else if (SECRET_NAMES.contains(field) && !resource.kind().equals("Certificate")) {
            exists("Secret", value.asString(""), resource, path);
        }
    }

    private void checkUnused() {
        manifests
                .ofKind("ConfigMap")
                .forEach(made ->
                        findings.unless(used.contains("ConfigMap/" + made.name()), made, "", "is used by nothing"));
        manifests
                .ofKind("ExternalSecret")
                .forEach(made -> findings.unless(
                        used.contains("Secret/" + Cluster.externalSecret(made)),
                        made,
                        "",
                        "makes a secret that is used by nothing"));
    }

    private List<Pods> matches(Resource resource, String pointer) {
        List<Pods> matching = cluster.matching(resource.at(pointer));
        findings.unless(!matching.isEmpty(), resource, dotted(pointer), "matches no pod");
        return matching;
    }

    private void exists(String kind, String name, Object where, String field) {
        used.add(kind + "/" + name);
        boolean there =
                switch (kind) {
                    case "Secret" -> cluster.secrets().containsKey(name);
                    case "ConfigMap" -> cluster.configMaps().containsKey(name);
                    default ->
                        manifests.find(kind, name).isPresent()
                                || infrastructure.find(kind, name).isPresent();
                };
        findings.unless(there, where, field, "there is no " + kind + " " + name);
    }

    private void hasKey(String kind, JsonNode reference, Object where, String field) {
        String name = reference.path("name").asString("");
        exists(kind, name, where, field);
        Set<String> keys = (kind.equals("Secret") ? cluster.secrets() : cluster.configMaps()).get(name);
        String key = reference.path("key").asString("");
        findings.unless(
                keys == null || keys.contains(key), where, field, "the " + kind + " " + name + " has no key " + key);
    }

    private void hasKeys(String kind, String name, JsonNode items, Object where, String field) {
        exists(kind, name, where, field);
        Set<String> keys = (kind.equals("Secret") ? cluster.secrets() : cluster.configMaps()).get(name);
        if (keys != null) {
            findings.each(
                    items.valueStream()
                            .map(item -> item.path("key").asString(""))
                            .toList(),
                    keys::contains,
                    where,
                    field,
                    key -> "the " + kind + " " + name + " has no key " + key);
        }
    }

    private void service(String name, String port, Object where, String field) {
        Map<String, Integer> ports = cluster.services().get(name);
        if (ports == null) {
            findings.add(where, field, "there is no Service " + name);
        } else if (!port.isEmpty()) {
            findings.unless(
                    ports.containsValue(Integer.parseInt(port)),
                    where,
                    field,
                    "the Service " + name + " has no port " + port);
        }
    }

    private void hasPort(Map<String, Integer> ports, JsonNode port, Object where, String field) {
        findings.unless(known(ports, port), where, field, "there is no port " + port.asString(""));
    }

    private static boolean known(Map<String, Integer> ports, JsonNode port) {
        return port.isNumber()
                ? ports.containsValue(port.asInt())
                : port.isMissingNode() || ports.containsKey(port.asString(""));
    }

    private static String dotted(String pointer) {
        return pointer.substring(1).replace('/', '.').replace("~1", "/");
    }
}
