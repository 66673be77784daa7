package dev.meridian.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClientsProperties;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class ReadyInstancesTests {

    private static final ServiceInstance ONE = new DefaultServiceInstance("1", "service", "localhost", 1, false);
    private static final ServiceInstance TWO = new DefaultServiceInstance("2", "service", "localhost", 2, false);

    private final Set<ServiceInstance> ready = new HashSet<>();
    private final ReadyInstances instances = new ReadyInstances(
            new Registry(),
            new LoadBalancerClientFactory(new LoadBalancerClientsProperties()),
            (instance, path) -> Mono.fromSupplier(() -> ready.contains(instance)));

    private @Nullable List<ServiceInstance> of(ServiceInstance... registered) {
        return instances.healthCheckFlux(List.of(registered)).blockFirst();
    }

    @Test
    void areThoseThatSaySo() {
        ready.add(TWO);
        assertThat(of(ONE, TWO)).containsExactly(TWO);
    }

    @Test
    void areAllWhereNoneSaysSo() {
        assertThat(of(ONE, TWO)).containsExactly(ONE, TWO);
    }

    @Test
    void outliveARegistryThatForgotThem() {
        ready.add(TWO);
        of(ONE, TWO);
        assertThat(of()).containsExactly(TWO);

        ready.clear();
        assertThat(of()).isEmpty();
    }

    private static class Registry implements ServiceInstanceListSupplier {

        @Override
        public String getServiceId() {
            return "service";
        }

        @Override
        public Flux<List<ServiceInstance>> get() {
            return Flux.just(List.of());
        }
    }
}
