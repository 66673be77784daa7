package dev.meridian.gateway;

import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientSslConfigurer;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
import org.springframework.context.annotation.Bean;
import reactor.netty.http.client.HttpClient;

@SpringBootApplication
@LoadBalancerClients(defaultConfiguration = Instances.class)
public class Gateway {

    static {
        // Without it, Reactor Netty 1.3.6 stops reading a connection whose next request comes while it ends the one
        // before
        // (reactor-netty issue 4361): its client waits for ever. Later versions need a later Netty than Spring Boot's.
        System.setProperty("reactor.netty.http.server.lastFlushWhenNoRead", "true");
    }

    public static void main(String[] args) {
        SpringApplication.run(Gateway.class, args);
    }

    @Bean
    HttpClient services(
            HttpClientProperties properties,
            ServerProperties server,
            HttpClientSslConfigurer ssl,
            List<HttpClientCustomizer> customizers) {
        return new ConnectionPool(properties, server, ssl, customizers).createInstance();
    }
}
