package dev.meridian.identity;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.server.authorization.InMemoryOAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2Authorization;
import org.springframework.security.oauth2.server.authorization.OAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.stereotype.Component;

/**
 * Remembers the latest {@value #CAPACITY} log-ins, in memory. Spring's own store in memory keeps every token for ever.
 *
 * <p>Tokens of client credentials are not kept at all: they carry their own proof, and nobody logs out of them. What
 * is forgotten stays valid as a token until it expires; only introspection, revocation and the user-info endpoint no
 * longer know it.
 */
@Component
class RecentAuthorizations implements OAuth2AuthorizationService {

    private static final int CAPACITY = 1_000;

    private final OAuth2AuthorizationService store = new InMemoryOAuth2AuthorizationService();

    private final Map<String, OAuth2Authorization> inOrder = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, OAuth2Authorization> eldest) {
            if (size() <= CAPACITY) {
                return false;
            }
            store.remove(eldest.getValue());
            return true;
        }
    };

    @Override
    public synchronized void save(OAuth2Authorization authorization) {
        if (!AuthorizationGrantType.CLIENT_CREDENTIALS.equals(authorization.getAuthorizationGrantType())) {
            store.save(authorization);
            inOrder.put(authorization.getId(), authorization);
        }
    }

    @Override
    public synchronized void remove(OAuth2Authorization authorization) {
        store.remove(authorization);
        inOrder.remove(authorization.getId());
    }

    @Override
    public @Nullable OAuth2Authorization findById(String id) {
        return store.findById(id);
    }

    @Override
    public @Nullable OAuth2Authorization findByToken(String token, @Nullable OAuth2TokenType type) {
        return store.findByToken(token, type);
    }
}
