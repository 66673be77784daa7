package dev.meridian.identity;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.oauth2.core.oidc.OidcScopes;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2AuthorizationCodeRequestAuthenticationToken;
import org.springframework.security.web.authentication.AuthenticationConverter;

/**
 * Grants a client no more than its user may do: of the scopes that are asked for, those stay that the logged-in user
 * has. The token response names what was granted (RFC 6749, section 3.3).
 */
record NarrowedScopes(AuthenticationConverter request) implements AuthenticationConverter {

    @Override
    public @Nullable Authentication convert(HttpServletRequest http) {
        var asked = request.convert(http);
        if (!(asked instanceof OAuth2AuthorizationCodeRequestAuthenticationToken authorization)) {
            return asked;
        }
        var user = (Authentication) authorization.getPrincipal();
        Set<String> granted = user.getAuthorities().stream()
                .map(GrantedAuthority::getAuthority)
                .collect(Collectors.toSet());
        Set<String> scopes = authorization.getScopes().stream()
                .filter(scope -> scope.equals(OidcScopes.OPENID) || granted.contains(scope))
                .collect(Collectors.toSet());
        return new OAuth2AuthorizationCodeRequestAuthenticationToken(
                authorization.getAuthorizationUri(),
                authorization.getClientId(),
                user,
                authorization.getRedirectUri(),
                authorization.getState(),
                scopes,
                authorization.getAdditionalParameters());
    }
}
