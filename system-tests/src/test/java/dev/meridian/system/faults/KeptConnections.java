package dev.meridian.system.faults;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The database connections that were taken from their pool and not given back, as the metrics of every registered
 * instance tell. To be asked when the load is over: what an idle service takes it gives back within moments, so a pool
 * keeps as many as are out each time that it is asked.
 */
final class KeptConnections implements AutoCloseable {

    private static final Pattern ACTIVE = Pattern.compile(
            "^hikaricp_connections_active\\{[^}]*pool=\"([^\"]+)\"[^}]*} ([0-9.E]+)$", Pattern.MULTILINE);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    private final URI registry;

    /** @param registry the address of a Eureka server */
    KeptConnections(URI registry) {
        this.registry = registry;
    }

    /**
     * Asks as often as it takes until every pool had all its connections back once, and no longer than that.
     *
     * @return the pools that never had, with the fewest that were out
     * @throws IOException where the registry or an instance that it lists does not answer
     */
    List<String> within(Duration atMost) throws IOException, InterruptedException {
        long end = System.nanoTime() + atMost.toNanos();
        Map<String, Double> fewest = new TreeMap<>();
        do {
            for (JsonNode instance : instances()) {
                String name = instance.at("/instanceId").asString();
                Matcher pools = ACTIVE.matcher(get(URI.create("http://"
                        + instance.at("/ipAddr").asString() + ":"
                        + instance.at("/metadata").path("management.port").asString() + "/actuator/prometheus")));
                while (pools.find()) {
                    fewest.merge(name + ", " + pools.group(1), Double.valueOf(pools.group(2)), Math::min);
                }
            }
        } while (fewest.values().stream().anyMatch(out -> out > 0) && System.nanoTime() < end);
        return fewest.entrySet().stream()
                .filter(pool -> pool.getValue() > 0)
                .map(pool -> "%s: %.0f".formatted(pool.getKey(), pool.getValue()))
                .toList();
    }

    /** Those that have a management port to ask. */
    private List<JsonNode> instances() throws IOException, InterruptedException {
        List<JsonNode> found = new ArrayList<>();
        JsonMapper.shared()
                .readTree(get(registry.resolve("/eureka/apps")))
                .at("/applications/application")
                .forEach(service -> service.at("/instance").forEach(instance -> {
                    if (instance.at("/metadata").has("management.port")) {
                        found.add(instance);
                    }
                }));
        return found;
    }

    private String get(URI address) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address).timeout(TIMEOUT);
        if (address.getPath().startsWith("/eureka")) {
            request.header("Accept", "application/json")
                    .header(
                            "Authorization",
                            "Basic "
                                    + Base64.getEncoder()
                                            .encodeToString("registry:registry".getBytes(StandardCharsets.US_ASCII)));
        }
        HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(address + " answers " + answer.statusCode());
        }
        return answer.body();
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
