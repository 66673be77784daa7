package dev.meridian.gateway.routing;

import java.util.List;
import java.util.function.BiFunction;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.reactive.ReactiveLoadBalancer;
import org.springframework.cloud.loadbalancer.core.HealthCheckServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The instances that answer that they are ready. Neither the check nor the registry alone can empty the list:
 *
 * <ul>
 *   <li>Where no instance is ready, all registered ones stay: that says something about their load or the check, and a
 *       refusal is the service's to make.
 *   <li>Where none is registered, those of the last list stay that are still ready: a registry that was restarted knows
 *       none until all have registered again.
 * </ul>
 */
class ReadyInstances extends HealthCheckServiceInstanceListSupplier {

    private volatile List<ServiceInstance> lastRegistered = List.of();

    ReadyInstances(
            ServiceInstanceListSupplier registered,
            ReactiveLoadBalancer.Factory<ServiceInstance> settings,
            BiFunction<ServiceInstance, String, Mono<Boolean>> ready) {
        super(registered, settings, ready);
    }

    @Override
    protected Flux<List<ServiceInstance>> healthCheckFlux(List<ServiceInstance> registered) {
        if (registered.isEmpty()) {
            return super.healthCheckFlux(lastRegistered);
        }
        lastRegistered = List.copyOf(registered);
        return super.healthCheckFlux(registered).map(ready -> ready.isEmpty() ? registered : ready);
    }
}
