package dev.meridian.identity;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.springframework.boot.security.oauth2.server.authorization.autoconfigure.servlet.OAuth2AuthorizationServerProperties.Client;
import org.springframework.boot.security.oauth2.server.authorization.autoconfigure.servlet.OAuth2AuthorizationServerProperties.Registration;

/** The server's description of itself, held to what a client can really have. The library's lists all that it knows. */
record OfferedByClients(Collection<Client> clients) {

    private static final Set<String> KEPT = Set.of(
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "end_session_endpoint",
            "response_types_supported",
            "subject_types_supported",
            "id_token_signing_alg_values_supported",
            "code_challenge_methods_supported");

    void describe(Map<String, Object> document) {
        document.keySet().retainAll(KEPT);
        document.put("scopes_supported", all(Registration::getScopes));
        document.put("grant_types_supported", all(Registration::getAuthorizationGrantTypes));
        document.put("token_endpoint_auth_methods_supported", all(Registration::getClientAuthenticationMethods));
    }

    private List<String> all(Function<Registration, Collection<String>> property) {
        var all = new TreeSet<String>();
        clients.forEach(client -> all.addAll(property.apply(client.getRegistration())));
        return List.copyOf(all);
    }
}
