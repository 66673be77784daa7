package dev.meridian.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import dev.meridian.startup.StartRefused;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.ResolvableType;

/** Outside the dev profile: nothing of its own, nothing started. */
class OwnCredentialsTests {

    private static final List<String> OWN = List.of(
            "meridian.issuer=https://front.test",
            "meridian.identity.users.carol.password={bcrypt}$2a$10$abcdefghijklmnopqrstuv",
            "meridian.identity.users.carol.scopes=orders",
            "spring.security.oauth2.authorizationserver.client.batch.registration.client-id=batch",
            "spring.security.oauth2.authorizationserver.client.batch.registration.client-secret={bcrypt}$2a$10$abcdefghijklmnopqrstuv",
            "spring.security.oauth2.authorizationserver.client.batch.registration.client-authentication-methods=client_secret_basic",
            "spring.security.oauth2.authorizationserver.client.batch.registration.authorization-grant-types=client_credentials");

    private static ConfigurableApplicationContext start(List<String> settings) {
        var all = new ArrayList<>(settings);
        all.addAll(List.of(
                "meridian.datacenter=dc1",
                "meridian.registry.password=own",
                "server.port=0",
                "eureka.client.enabled=false",
                "spring.main.banner-mode=off"));
        return new SpringApplicationBuilder(Identity.class)
                .properties(all.toArray(String[]::new))
                .run("--spring.profiles.active=staging"); // in place of the build's
    }

    @Test
    void refusesToStartWithoutAnything() {
        assertThatThrownBy(() -> start(List.of()).close())
                .isInstanceOf(StartRefused.class)
                .hasMessageNotContaining("\n")
                .hasMessageContaining("meridian.issuer")
                .hasMessageContaining("spring.security.oauth2.authorizationserver.client.*")
                .hasMessageContaining("meridian.identity.users.*")
                .hasMessageContaining("meridian.identity.signing-key");
    }

    @Test
    void refusesToStartWithoutASigningKey() {
        assertThatThrownBy(() -> start(OWN).close())
                .isInstanceOf(StartRefused.class)
                .hasMessageEndingWith(": meridian.identity.signing-key (a PEM file) is not set");
    }

    @Test
    void refusesSecretsInPlainText(@TempDir Path folder) throws Exception {
        var settings = new ArrayList<>(OWN);
        settings.add("meridian.identity.signing-key=" + pem(folder).toUri());
        settings.add("meridian.identity.users.mallory.password={noop}mallory");
        assertThatThrownBy(() -> start(settings).close())
                .isInstanceOf(StartRefused.class)
                .hasMessageEndingWith(": meridian.identity.users.mallory.password is plain text, not a hash");
    }

    @Test
    void signsWithItsOwnKey(@TempDir Path folder) throws Exception {
        var settings = new ArrayList<>(OWN);
        settings.add("meridian.identity.signing-key=" + pem(folder).toUri());
        try (var context = start(settings)) {
            JWKSource<SecurityContext> keys = context.<JWKSource<SecurityContext>>getBeanProvider(
                            ResolvableType.forClassWithGenerics(JWKSource.class, SecurityContext.class))
                    .getObject();
            var first = keys.get(new JWKSelector(new JWKMatcher.Builder().build()), null);
            assertThat(first).singleElement().satisfies(key -> {
                assertThat(key.isPrivate()).isTrue();
                assertThat(key.getKeyID())
                        .isEqualTo(key.toRSAKey().computeThumbprint().toString());
            });
        }
    }

    private static Path pem(Path folder) throws Exception {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        var key = generator.generateKeyPair().getPrivate().getEncoded();
        return Files.writeString(
                folder.resolve("key.pem"),
                "-----BEGIN PRIVATE KEY-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key)
                        + "\n-----END PRIVATE KEY-----\n");
    }
}
