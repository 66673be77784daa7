package dev.meridian.identity;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.RSAPublicKeySpec;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.Resource;
import org.springframework.security.converter.RsaKeyConverters;

/** The RSA key that signs every token (RS256), and its public half as the key set that services check against. */
@Configuration(proxyBeanMethods = false)
class SigningKey {

    private static final int MINIMUM_BITS = 2048; // RFC 7518, section 3.3

    @Bean
    JWKSource<SecurityContext> keySet(Credentials credentials) throws JOSEException {
        var file = credentials.signingKey();
        RSAKey key = file == null ? generated() : read(file);
        return new ImmutableJWKSet<>(new JWKSet(key));
    }

    private static RSAKey generated() throws JOSEException {
        return new RSAKeyGenerator(MINIMUM_BITS)
                .keyUse(KeyUse.SIGNATURE)
                .algorithm(JWSAlgorithm.RS256)
                .keyIDFromThumbprint(true)
                .generate();
    }

    /** The key's id is its thumbprint (RFC 7638), so that restarts and replicas agree on it. */
    private static RSAKey read(Resource file) throws JOSEException {
        RSAPrivateKey key;
        try (var pem = file.getInputStream()) {
            key = RsaKeyConverters.pkcs8().convert(pem);
        } catch (IOException | IllegalArgumentException | IllegalStateException unreadable) {
            throw new IllegalStateException("meridian.identity.signing-key cannot be read: " + file, unreadable);
        }
        if (!(key instanceof RSAPrivateCrtKey complete) || complete.getModulus().bitLength() < MINIMUM_BITS) {
            throw new IllegalStateException("meridian.identity.signing-key holds no RSA private key of at least "
                    + MINIMUM_BITS + " bits: " + file);
        }
        return new RSAKey.Builder(publicHalf(complete))
                .privateKey(complete)
                .keyUse(KeyUse.SIGNATURE)
                .algorithm(JWSAlgorithm.RS256)
                .keyIDFromThumbprint()
                .build();
    }

    private static RSAPublicKey publicHalf(RSAPrivateCrtKey key) {
        try {
            return (RSAPublicKey) KeyFactory.getInstance("RSA")
                    .generatePublic(new RSAPublicKeySpec(key.getModulus(), key.getPublicExponent()));
        } catch (GeneralSecurityException everyPlatformHasRsa) {
            throw new IllegalStateException(everyPlatformHasRsa);
        }
    }
}
