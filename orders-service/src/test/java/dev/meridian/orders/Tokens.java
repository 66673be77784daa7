package dev.meridian.orders;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.function.UnaryOperator;

/** An issuer of access tokens with a key set of its own, served on loopback. */
public final class Tokens {

    public static final String ISSUER = "http://issuer.test";

    private static final RSAKey KEY = key("known");
    private static final RSAKey STRANGER = key("known");
    private static final RSAKey UNKNOWN = key("unknown");
    private static final String JWK_SET_URI = serve();

    private Tokens() {}

    public static String jwkSetUri() {
        return JWK_SET_URI;
    }

    /** A token that is right in every way, for the scope {@code orders}. */
    public static String of(String customer) {
        return of(customer, claims -> claims);
    }

    /** The right token of {@link #of(String)} with its claims changed. */
    public static String of(String customer, UnaryOperator<JWTClaimsSet.Builder> change) {
        return sign(KEY, customer, change);
    }

    /** A token that is right in every way, for another scope. */
    public static String of(String caller, String scope) {
        return of(caller, claims -> claims.claim("scope", scope));
    }

    /** A token signed by another key of the same name. */
    public static String forged(String customer) {
        return sign(STRANGER, customer, claims -> claims);
    }

    /** A right token signed by a key that the issuer does not publish. */
    public static String ofUnknownKey(String customer) {
        return sign(UNKNOWN, customer, claims -> claims);
    }

    /** The key set of an issuer that has published that key. */
    public static String everyKey() {
        return new JWKSet(List.of(KEY, UNKNOWN)).toString();
    }

    /** The right token's claims, signed by nobody. */
    public static String unsigned(String customer) {
        return new PlainJWT(claims(customer, claims -> claims)).serialize();
    }

    /** The right token's claims, signed with the public key as if it were a shared secret. */
    public static String signedWithThePublicKey(String customer) {
        SignedJWT token = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(KEY.getKeyID()).build(),
                claims(customer, claims -> claims));
        try {
            token.sign(new MACSigner(KEY.toRSAPublicKey().getEncoded()));
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
        return token.serialize();
    }

    private static String sign(RSAKey key, String customer, UnaryOperator<JWTClaimsSet.Builder> change) {
        SignedJWT token = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).build(), claims(customer, change));
        try {
            token.sign(new RSASSASigner(key));
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
        return token.serialize();
    }

    private static JWTClaimsSet claims(String customer, UnaryOperator<JWTClaimsSet.Builder> change) {
        Instant now = Instant.now();
        return change.apply(new JWTClaimsSet.Builder()
                        .issuer(ISSUER)
                        .subject(customer)
                        .audience("meridian")
                        .claim("scope", "orders")
                        .issueTime(Date.from(now))
                        .expirationTime(Date.from(now.plus(Duration.ofMinutes(10)))))
                .build();
    }

    private static RSAKey key(String id) {
        try {
            return new RSAKeyGenerator(2048).keyID(id).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String serve() {
        byte[] keys = new JWKSet(KEY).toString().getBytes(StandardCharsets.UTF_8);
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/jwks", exchange -> {
                exchange.getResponseHeaders().add("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, keys.length);
                exchange.getResponseBody().write(keys);
                exchange.close();
            });
            server.start();
            return "http://127.0.0.1:" + server.getAddress().getPort() + "/jwks";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
