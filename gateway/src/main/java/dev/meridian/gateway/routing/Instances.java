package dev.meridian.gateway.routing;

import java.time.Duration;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.util.UriComponentsBuilder;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/**
 * Which instances of a service get its requests: those of the registry that listen where services do and are ready,
 * none that this request was already sent to, and of these the own datacenter's.
 *
 * <p>The order matters. Preferring the own datacenter first would keep all requests on instances that are registered
 * but dead.
 */
class Instances {

    @Bean
    ServiceInstanceListSupplier eligible(
            ConfigurableApplicationContext context, LoadBalancerClientFactory settings, InstancePorts ports) {
        return ServiceInstanceListSupplier.builder()
                .withDiscoveryClient()
                .with((c, registered) -> new AtServicePorts(registered, ports))
                .with((c, registered) -> new ReadyInstances(registered, settings, Instances::isReady))
                .with((c, ready) -> new ExcludeTriedInstances(ready))
                .withZonePreference()
                .build(context);
    }

    private static final WebClient PROBE = WebClient.builder()
            .clientConnector(new ReactorClientHttpConnector(HttpClient.create(ConnectionProvider.builder("readiness")
                            .maxConnections(2)
                            .maxIdleTime(Duration.ofSeconds(10)) // below the services' keep-alive of 20 s
                            .build())
                    .resolver(names -> names.cacheMaxTimeToLive(Connections.ADDRESS_KEPT))
                    .responseTimeout(Duration.ofSeconds(2))))
            .build();

    private static Mono<Boolean> isReady(ServiceInstance instance, String path) {
        var address = UriComponentsBuilder.fromUri(instance.getUri())
                .port(AtServicePorts.managementPort(instance))
                .replacePath(path)
                .build()
                .toUri();
        return PROBE.get()
                .uri(address)
                .exchangeToMono(answer ->
                        answer.releaseBody().thenReturn(answer.statusCode().is2xxSuccessful()));
    }
}
