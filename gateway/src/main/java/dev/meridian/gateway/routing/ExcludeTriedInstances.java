package dev.meridian.gateway.routing;

import java.util.List;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.RequestData;
import org.springframework.cloud.client.loadbalancer.RequestDataContext;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.cloud.loadbalancer.core.DelegatingServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import reactor.core.publisher.Flux;

/** Leaves out the instance that a retried request was sent to last, as long as there is another one. */
class ExcludeTriedInstances extends DelegatingServiceInstanceListSupplier {

    ExcludeTriedInstances(ServiceInstanceListSupplier delegate) {
        super(delegate);
    }

    @Override
    public Flux<List<ServiceInstance>> get() {
        return getDelegate().get();
    }

    @Override
    public Flux<List<ServiceInstance>> get(Request request) {
        var instances = getDelegate().get(request);
        if (request.getContext() instanceof RequestDataContext context
                && context.getClientRequest() instanceof RequestData client
                && client.getAttributes().get(ServerWebExchangeUtils.GATEWAY_LOADBALANCER_RESPONSE_ATTR)
                        instanceof Response<?> last
                && last.getServer() instanceof ServiceInstance tried) {
            return instances.map(all -> without(tried, all));
        }
        return instances;
    }

    private static List<ServiceInstance> without(ServiceInstance tried, List<ServiceInstance> all) {
        var others = all.stream()
                .filter(instance -> instance.getPort() != tried.getPort()
                        || !instance.getHost().equals(tried.getHost()))
                .toList();
        return others.isEmpty() ? all : others;
    }
}
