package dev.meridian.identity;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.core.io.Resource;
import org.springframework.util.StringUtils;

/**
 * Who may log in, and the key that signs the tokens.
 *
 * @param signingKey a PEM file with the RSA private key (PKCS #8) that signs tokens; in development made at each start
 * @param users the people who may log in, by user name
 */
@ConfigurationProperties("meridian.identity")
record Credentials(
        @Nullable Resource signingKey, @DefaultValue Map<String, User> users) {

    Credentials {
        users = Map.copyOf(users);
    }

    /**
     * @param password as Spring's delegating encoder stores it: <code>{bcrypt}...</code>
     * @param scopes what a client may do in this user's name
     */
    record User(String password, @DefaultValue Set<String> scopes) {

        User {
            if (!StringUtils.hasText(password)) {
                throw new IllegalArgumentException("a user's password must not be blank");
            }
            scopes = Set.copyOf(scopes);
        }

        boolean isPlainText() {
            return password.startsWith("{noop}");
        }

        @Override
        public String toString() {
            return "User[scopes=" + scopes + "]";
        }
    }
}
