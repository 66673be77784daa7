package dev.meridian.gateway.security;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Whether the issuer's keys were ever known here. Once they were, its outage is no reason to take no requests. */
@Component("issuerHealthIndicator")
@ConditionalOnEnabledHealthIndicator("issuer")
class IssuerHealth implements ReactiveHealthIndicator {

    private static final Logger log = LoggerFactory.getLogger(IssuerHealth.class);

    private final KeySet keys;
    private volatile boolean known;

    IssuerHealth(KeySet keys) {
        this.keys = keys;
    }

    @Override
    public Mono<Health> health() {
        if (known) {
            return Mono.just(Health.up().build());
        }
        return keys.fetched()
                .then(Mono.fromSupplier(() -> {
                    known = true;
                    return Health.up().build();
                }))
                .onErrorResume(away -> {
                    log.warn("Not ready: the issuer's keys are out of reach: {}", away.getMessage());
                    return Mono.just(Health.down().build());
                });
    }
}
