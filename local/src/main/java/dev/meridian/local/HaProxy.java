package dev.meridian.local;

import dev.meridian.local.process.Http;
import dev.meridian.local.process.Program;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A datacenter's load balancer: lets requests through to the gateways that are ready.
 *
 * @param at where clients, or the CDN, come in
 * @param inside where it tells whether it is ready, and its metrics
 * @param gateway its only gateway here
 * @param management where the gateway tells whether it is ready
 * @param after the gateway and what it leads to, which start before a client is let in
 */
record HaProxy(
        Path executable,
        Path configuration,
        Address at,
        Address inside,
        Address gateway,
        Address management,
        List<String> after)
        implements Program {

    static final String NAME = "lb-" + Component.DATACENTER;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String type() {
        return "load balancer";
    }

    @Override
    public String address() {
        return "http://" + at;
    }

    @Override
    public List<String> command() {
        return List.of(executable.toString(), "-db", "-f", configuration.toString());
    }

    @Override
    public Map<String, String> environment() {
        return Map.of(
                "LB_BIND", at.toString(),
                "LB_ADMIN_BIND", inside.toString(),
                "LB_GATEWAYS", gateway.toString(),
                "LB_GATEWAY_HEALTH", Integer.toString(management.port()),
                "LB_GATEWAY_COUNT", "1",
                "LB_CDN", Address.HOST);
    }

    /** Of itself; whether it finds its gateway ready is the front door's matter. */
    @Override
    public boolean ready() {
        return Http.PROBE.answers(URI.create("http://" + inside + "/ready"), 204);
    }
}
