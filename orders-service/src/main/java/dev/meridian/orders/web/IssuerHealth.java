package dev.meridian.orders.web;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** Whether the issuer's keys were ever known here. Once they were, its outage is no reason to take no requests. */
@Component("issuerHealthIndicator")
@ConditionalOnEnabledHealthIndicator("issuer")
class IssuerHealth implements HealthIndicator {

    private static final Logger log = LoggerFactory.getLogger(IssuerHealth.class);

    private static final JWKSelector ANY = new JWKSelector(new JWKMatcher.Builder().build());

    private final JWKSource<SecurityContext> keys;
    private volatile boolean known;

    IssuerHealth(JWKSource<SecurityContext> keys) {
        this.keys = keys;
    }

    @Override
    public Health health() {
        try {
            known = known || !keys.get(ANY, null).isEmpty();
        } catch (KeySourceException away) {
            log.warn("Not ready: the issuer's keys are out of reach: {}", away.getMessage());
        }
        return known ? Health.up().build() : Health.down().build();
    }
}
