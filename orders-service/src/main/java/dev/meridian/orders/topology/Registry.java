package dev.meridian.orders.topology;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The instances that the registry knows, each asked for its health where its management port answers. The registry is
 * asked when somebody looks; an instance that never looks fetches nothing.
 */
@Component
class Registry {

    /** More than any system of this kind has; a registry that holds more is not asked for the health of the rest. */
    private static final int MOST_PROBES = 200;

    private final TopologySettings settings;
    private final JsonMapper json;
    private final HttpClient http;

    Registry(TopologySettings settings, JsonMapper json) {
        this.settings = settings;
        this.json = json;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(settings.timeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    /** One instance as it registered. @param readiness where to ask; null where it did not say */
    private record Registered(
            String datacenter,
            String service,
            String name,
            String address,
            @Nullable URI readiness) {}

    /**
     * The datacenters with their instances, from the first registry that answers.
     *
     * @param timeout for the answer, and again for the health of all instances together
     * @throws IOException where none of them does
     */
    List<Topology.Datacenter> datacenters(Duration timeout) throws IOException, InterruptedException {
        IOException failure = new IOException("There is no registry to ask");
        for (String address : settings.registry().split(",")) {
            if (!address.isBlank()) {
                try {
                    return withHealth(registered(address.strip(), timeout), timeout);
                } catch (IOException e) {
                    failure = e;
                }
            }
        }
        throw failure;
    }

    private List<Registered> registered(String address, Duration timeout) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = http.send(
                HttpRequest.newBuilder(URI.create(address.endsWith("/") ? address + "apps" : address + "/apps"))
                        .timeout(timeout)
                        .header("Accept", "application/json")
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        if (answer.statusCode() != 200) {
            throw new IOException("The registry answers " + answer.statusCode());
        }
        List<Registered> found = new ArrayList<>();
        for (JsonNode application :
                json.readTree(answer.body()).path("applications").path("application")) {
            for (JsonNode instance : application.path("instance")) {
                found.add(registered(instance));
            }
        }
        return found;
    }

    private static Registered registered(JsonNode instance) {
        String host = instance.path("ipAddr").asString("");
        String port = instance.path("metadata").path("management.port").asString("");
        return new Registered(
                instance.path("metadata").path("zone").asString("unknown"),
                instance.path("app").asString("").toLowerCase(Locale.ROOT),
                instance.path("instanceId").asString(""),
                host + ":" + instance.path("port").path("$").asInt(0),
                host.matches("[0-9A-Za-z.:-]+") && port.matches("[0-9]{1,5}")
                        ? URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port
                                + "/actuator/health/readiness")
                        : null);
    }

    private List<Topology.Datacenter> withHealth(List<Registered> all, Duration timeout) throws InterruptedException {
        List<CompletableFuture<Topology.Health>> probes = new ArrayList<>(all.size());
        for (Registered instance : all) {
            probes.add(
                    instance.readiness == null || probes.size() >= MOST_PROBES
                            ? CompletableFuture.completedFuture(Topology.Health.UNKNOWN)
                            : probe(instance.readiness, timeout));
        }
        var byName = new TreeMap<String, List<Topology.Instance>>();
        for (int i = 0; i < all.size(); i++) {
            Registered instance = all.get(i);
            byName.computeIfAbsent(instance.datacenter, any -> new ArrayList<>())
                    .add(new Topology.Instance(
                            instance.service,
                            instance.name,
                            instance.address,
                            probes.get(i).join()));
        }
        return byName.entrySet().stream()
                .map(datacenter -> new Topology.Datacenter(datacenter.getKey(), sorted(datacenter.getValue().stream())))
                .toList();
    }

    private static List<Topology.Instance> sorted(Stream<Topology.Instance> instances) {
        return instances
                .sorted(Comparator.comparing(Topology.Instance::service).thenComparing(Topology.Instance::name))
                .toList();
    }

    /** Completes within the time, and never with an exception. */
    private CompletableFuture<Topology.Health> probe(URI readiness, Duration timeout) {
        return http.sendAsync(
                        HttpRequest.newBuilder(readiness).timeout(timeout).build(),
                        HttpResponse.BodyHandlers.discarding())
                .thenApply(answer -> answer.statusCode() == 200 ? Topology.Health.READY : Topology.Health.NOT_READY)
                .completeOnTimeout(Topology.Health.UNKNOWN, timeout.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionally(e -> Topology.Health.UNKNOWN);
    }
}
