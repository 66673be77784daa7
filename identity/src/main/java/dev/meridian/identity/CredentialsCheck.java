package dev.meridian.identity;

import dev.meridian.startup.StartRefused;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.security.oauth2.server.authorization.autoconfigure.servlet.OAuth2AuthorizationServerProperties.Client;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.StringUtils;

/**
 * Refuses to start an environment that has no credentials of its own: without clients Spring Boot would quietly start
 * something that is no authorization server.
 */
@Order(1) // it says more than that something is missing
class CredentialsCheck implements EnvironmentPostProcessor {

    private static final String CLIENTS = "spring.security.oauth2.authorizationserver.client";

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        var binder = Binder.get(environment);
        var credentials = binder.bindOrCreate("meridian.identity", Credentials.class);
        var clients =
                binder.bind(CLIENTS, Bindable.mapOf(String.class, Client.class)).orElseGet(Map::of);

        List<String> missing = new ArrayList<>();
        if (!StringUtils.hasText(environment.getProperty("meridian.issuer"))) {
            missing.add("meridian.issuer (the front door's origin) is not set");
        }
        if (clients.isEmpty()) {
            missing.add(CLIENTS + ".* names no client");
        }
        if (credentials.users().isEmpty()) {
            missing.add("meridian.identity.users.* names no user");
        }
        if (!environment.matchesProfiles("dev")) {
            if (credentials.signingKey() == null) {
                missing.add("meridian.identity.signing-key (a PEM file) is not set");
            }
            credentials.users().forEach((name, user) -> {
                if (user.isPlainText()) {
                    missing.add("meridian.identity.users." + name + ".password is plain text, not a hash");
                }
            });
            clients.forEach((name, client) -> {
                var secret = client.getRegistration().getClientSecret();
                if (secret != null && secret.startsWith("{noop}")) {
                    missing.add(CLIENTS + "." + name + ".registration.client-secret is plain text, not a hash");
                }
            });
        }
        if (!missing.isEmpty()) {
            throw new StartRefused(environment, String.join("; ", missing));
        }
    }
}
