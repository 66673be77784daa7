package dev.meridian.identity;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2ClientAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2ClientCredentialsAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.web.authentication.AuthenticationConverter;

/** A client that asks for no scope in particular gets all of its own (RFC 6749, section 3.3), not a useless token. */
record DefaultScopes(AuthenticationConverter request) implements AuthenticationConverter {

    @Override
    public @Nullable Authentication convert(HttpServletRequest http) {
        var asked = request.convert(http);
        if (asked instanceof OAuth2ClientCredentialsAuthenticationToken credentials
                && credentials.getScopes().isEmpty()
                && credentials.getPrincipal() instanceof OAuth2ClientAuthenticationToken authenticated
                && authenticated.getRegisteredClient() instanceof RegisteredClient client) {
            return new OAuth2ClientCredentialsAuthenticationToken(
                    authenticated, client.getScopes(), credentials.getAdditionalParameters());
        }
        return asked;
    }
}
