package dev.meridian.local;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A datacenter's load balancer: lets requests through to the gateways that are ready.
 *
 * @param at where clients, or the CDN, come in
 * @param inside where it tells whether it is ready, and its metrics
 * @param gateway its only gateway here
 * @param behind what the gateway leads to, and starts before it lets anybody in
 */
record HaProxy(
        Datacenter datacenter,
        Path executable,
        Path configuration,
        Address at,
        Address inside,
        Gateway gateway,
        List<String> behind)
        implements Program {

    /** @param management where it tells whether it is ready */
    record Gateway(String name, Address server, Address management) {}

    private static final Http HTTP = new Http(Duration.ofSeconds(1));

    static String name(Datacenter datacenter) {
        return "lb-" + datacenter;
    }

    @Override
    public String name() {
        return name(datacenter);
    }

    @Override
    public ComponentType type() {
        return ComponentType.LOAD_BALANCER;
    }

    @Override
    public String address() {
        return "http://" + at;
    }

    @Override
    public List<String> after() {
        return Stream.concat(Stream.of(gateway.name()), behind.stream()).toList();
    }

    @Override
    public void prepare() {}

    @Override
    public Launch launch() {
        return new Launch(
                List.of(executable.toString(), "-db", "-f", configuration.toString()),
                Map.of(
                        "LB_BIND", at.toString(),
                        "LB_ADMIN_BIND", inside.toString(),
                        "LB_GATEWAYS", gateway.server().toString(),
                        "LB_GATEWAY_HEALTH",
                                Integer.toString(gateway.management().port()),
                        "LB_GATEWAY_COUNT", "1",
                        "LB_CDN", Address.HOST));
    }

    /** Of itself; whether it finds its gateway ready is the front door's matter. */
    @Override
    public boolean ready() {
        try {
            return HTTP.get(URI.create("http://" + inside + "/ready"), Map.of()).is(204);
        } catch (IOException e) {
            return false;
        }
    }
}
