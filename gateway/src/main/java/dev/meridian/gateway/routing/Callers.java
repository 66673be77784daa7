package dev.meridian.gateway.routing;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.cloud.gateway.support.ipresolver.RemoteAddressResolver;
import org.springframework.cloud.gateway.support.ipresolver.XForwardedRemoteAddressResolver;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Which address a request came from. Behind the edge that is the one in X-Forwarded-For: the load balancer sends a single
 * address there, and takes it from the CDN only.
 */
@Configuration(proxyBeanMethods = false)
class Callers {

    @Bean
    RemoteAddressResolver addressOfCaller(@Value("${meridian.behind-edge}") boolean behindEdge) {
        return behindEdge ? XForwardedRemoteAddressResolver.maxTrustedIndex(1) : new RemoteAddressResolver() {};
    }
}
