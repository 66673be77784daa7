package dev.meridian.identity;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.security.oauth2.server.authorization.autoconfigure.servlet.OAuth2AuthorizationServerProperties.Client;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/**
 * Refuses to start an environment that has no credentials of its own.
 *
 * <p>It runs before any bean is made: without clients Spring Boot would quietly start something that is no
 * authorization server.
 */
class CredentialsCheck implements BeanFactoryPostProcessor {

    private static final String CLIENTS = "spring.security.oauth2.authorizationserver.client";

    private final Environment environment;

    CredentialsCheck(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
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
        if (!credentials.demonstration()) {
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
            throw new MissingCredentials(missing);
        }
    }
}
