package dev.meridian.gateway.routing;

import java.util.List;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.loadbalancer.core.DelegatingServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import reactor.core.publisher.Flux;

/**
 * The instances that can be asked whether they are ready, and listen where services do. Whatever the registry says,
 * nothing else is asked or gets a request.
 */
class AtServicePorts extends DelegatingServiceInstanceListSupplier {

    private final InstancePorts ports;

    AtServicePorts(ServiceInstanceListSupplier registered, InstancePorts ports) {
        super(registered);
        this.ports = ports;
    }

    @Override
    public Flux<List<ServiceInstance>> get() {
        return getDelegate()
                .get()
                .map(registered -> registered.stream().filter(this::isService).toList());
    }

    private boolean isService(ServiceInstance instance) {
        var management = managementPort(instance);
        return ports.include(instance.getPort())
                && management.matches("[0-9]{1,5}")
                && ports.include(Integer.parseInt(management));
    }

    /** Spring Cloud registers the port of the actuator with the instance. */
    static String managementPort(ServiceInstance instance) {
        var metadata = instance.getMetadata();
        return metadata == null ? "" : metadata.getOrDefault("management.port", "");
    }
}
