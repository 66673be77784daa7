package dev.meridian.gateway.routing;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.cloud.gateway.support.ipresolver.RemoteAddressResolver;
import org.springframework.cloud.gateway.support.ipresolver.XForwardedRemoteAddressResolver;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Where a request comes from. The load balancer says one address, and believes nobody but the CDN. */
@Configuration(proxyBeanMethods = false)
class Callers {

    @Bean
    RemoteAddressResolver addressOfCaller(@Value("${meridian.behind-edge}") boolean behindEdge) {
        return behindEdge ? XForwardedRemoteAddressResolver.maxTrustedIndex(1) : new RemoteAddressResolver() {};
    }
}
