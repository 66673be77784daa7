package dev.meridian.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import reactor.core.publisher.Flux;

class AtServicePortsTests {

    private static ServiceInstance instance(int port, Map<String, String> metadata) {
        return new DefaultServiceInstance("id", "orders-service", "host", port, false, metadata);
    }

    private static @Nullable List<ServiceInstance> among(ServiceInstance registered) {
        return new AtServicePorts(new Registry(registered), new InstancePorts(8080, 8081))
                .get()
                .blockFirst();
    }

    private record Registry(ServiceInstance registered) implements ServiceInstanceListSupplier {

        @Override
        public String getServiceId() {
            return "orders-service";
        }

        @Override
        public Flux<List<ServiceInstance>> get() {
            return Flux.just(List.of(registered));
        }
    }

    @Test
    void aServiceIsAsked() {
        var service = instance(8080, Map.of("management.port", "8081"));
        assertThat(among(service)).containsExactly(service);
    }

    @Test
    void whatCannotBeAskedIsNoInstance() {
        assertThat(among(instance(8080, Map.of()))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"8080, 22", "8080, 8082", "8080, -1", "8080, 808108081", "8080, x", "8080, ''", "5432, 8081"})
    void whatListensElsewhereIsNoInstance(int port, String management) {
        assertThat(among(instance(port, Map.of("management.port", management)))).isEmpty();
    }
}
