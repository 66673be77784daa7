package dev.meridian.local.edge;

import dev.meridian.local.Address;
import dev.meridian.local.Component;
import dev.meridian.local.process.NativeProgram;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** HAProxy, which lets requests through to the gateways that are ready. It is ready itself before it finds one. */
public final class HaProxy {

    public static final String NAME = "lb-" + Component.DATACENTER;

    private HaProxy() {}

    /**
     * @param at where clients, or the CDN, come in
     * @param inside where it tells whether it is ready, and its metrics
     * @param gateway its only gateway here
     * @param management where the gateway tells whether it is ready
     * @param after the gateway and what it leads to, which start before a client is let in
     */
    public static NativeProgram program(
            Path executable,
            Path configuration,
            Address at,
            Address inside,
            Address gateway,
            Address management,
            List<String> after) {
        List<String> command = List.of(executable.toString(), "-db", "-f", configuration.toString());
        Map<String, String> environment = Map.of(
                "LB_BIND", at.toString(),
                "LB_ADMIN_BIND", inside.toString(),
                "LB_GATEWAYS", gateway.toString(),
                "LB_GATEWAY_HEALTH", Integer.toString(management.port()),
                "LB_GATEWAY_COUNT", "1",
                "LB_CDN", Address.HOST);
        return new NativeProgram(
                NAME,
                "load balancer",
                "http://" + at,
                after,
                Map.of(),
                command,
                environment,
                NativeProgram.ready(inside));
    }
}
