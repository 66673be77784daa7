package dev.meridian.orders.topology;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Gatherers;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.stereotype.Component;

/** The instances that the registry told last, each asked for its health where its management port answers. */
@Component
class Registry {

    private static final int PROBES_AT_ONCE = 200;

    private final DiscoveryClient discovery;
    private final TopologySettings settings;
    private final HttpClient http = HttpClient.newHttpClient();

    Registry(DiscoveryClient discovery, TopologySettings settings) {
        this.discovery = discovery;
        this.settings = settings;
    }

    private record Found(String datacenter, Topology.Instance instance) {}

    /** The datacenters with their instances. All instances are asked at the same time. */
    List<Topology.Datacenter> datacenters() {
        var byName = discovery.getServices().stream()
                .flatMap(service -> discovery.getInstances(service).stream())
                .gather(Gatherers.mapConcurrent(PROBES_AT_ONCE, this::found))
                .sorted(Comparator.comparing((Found found) -> found.instance.service())
                        .thenComparing(found -> found.instance.name()))
                .collect(Collectors.groupingBy(
                        Found::datacenter, TreeMap::new, Collectors.mapping(Found::instance, Collectors.toList())));
        return byName.entrySet().stream()
                .map(datacenter -> new Topology.Datacenter(datacenter.getKey(), datacenter.getValue()))
                .toList();
    }

    private Found found(ServiceInstance instance) {
        var metadata = Objects.requireNonNullElse(instance.getMetadata(), Map.<String, String>of());
        return new Found(
                metadata.getOrDefault("zone", "unknown"),
                new Topology.Instance(
                        instance.getServiceId().toLowerCase(Locale.ROOT),
                        String.valueOf(instance.getInstanceId()),
                        instance.getHost() + ":" + instance.getPort(),
                        health(instance.getHost(), metadata.getOrDefault("management.port", ""))));
    }

    /** Waits no longer than the time-out, also for the end of an answer that has begun. */
    private Topology.Health health(String host, String managementPort) {
        try {
            var readiness = new URI(
                    "http", null, host, Integer.parseInt(managementPort), "/actuator/health/readiness", null, null);
            var answer =
                    http.sendAsync(HttpRequest.newBuilder(readiness).build(), HttpResponse.BodyHandlers.discarding());
            try {
                return answer.get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS)
                                        .statusCode()
                                == 200
                        ? Topology.Health.READY
                        : Topology.Health.NOT_READY;
            } finally {
                answer.cancel(true);
            }
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            return Topology.Health.UNKNOWN;
        } catch (URISyntaxException | IllegalArgumentException e) {
            return Topology.Health.UNKNOWN; // there is no such address
        }
    }
}
