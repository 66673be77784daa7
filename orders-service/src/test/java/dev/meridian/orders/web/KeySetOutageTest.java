package dev.meridian.orders.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.meridian.orders.OpenApi;
import dev.meridian.orders.Tokens;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.mock.web.MockServletContext;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.web.FilterChainProxy;
import org.springframework.web.context.WebApplicationContext;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.servlet.config.annotation.EnableWebMvc;

/** The issuer's key set cannot be had. */
class KeySetOutageTest {

    private final AtomicBoolean down = new AtomicBoolean();
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicReference<byte[]> published = new AtomicReference<>(new byte[0]);
    private final HttpServer issuer = start();

    private HttpServer start() {
        try {
            published.set(HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(Tokens.jwkSetUri()))
                                    .build(),
                            HttpResponse.BodyHandlers.ofByteArray())
                    .body());
            var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/jwks", exchange -> {
                asked.incrementAndGet();
                byte[] keys = published.get();
                exchange.sendResponseHeaders(down.get() ? 500 : 200, down.get() ? -1 : keys.length);
                if (!down.get()) {
                    exchange.getResponseBody().write(keys);
                }
                exchange.close();
            });
            server.start();
            return server;
        } catch (java.io.IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void stop() {
        issuer.stop(0);
    }

    private NimbusJwtDecoder decoder() {
        try {
            URI keySet = URI.create("http://127.0.0.1:" + issuer.getAddress().getPort() + "/jwks");
            return NimbusJwtDecoder.withJwkSource(Security.keys(keySet.toURL())).build();
        } catch (java.net.MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void keysThatAreKnownStayUsableAndOthersAreRefused() {
        var decoder = decoder();
        decoder.decode(Tokens.of("alice"));
        down.set(true);

        decoder.decode(Tokens.of("alice"));
        for (int n = 0; n < 5; n++) { // more often than the keys may be asked for again
            assertThatThrownBy(() -> decoder.decode(Tokens.ofUnknownKey("alice")))
                    .isInstanceOf(JwtException.class);
        }
        decoder.decode(Tokens.of("alice"));
    }

    @Test
    void madeUpKeysAreRefusedHoweverManyComeAndDoNotReachTheIssuer() {
        var decoder = decoder();
        decoder.decode(Tokens.of("alice"));

        for (int n = 0; n < 20; n++) {
            assertThatThrownBy(() -> decoder.decode(Tokens.ofUnknownKey("alice")))
                    .isInstanceOf(JwtException.class);
        }
        assertThat(asked).hasValueLessThan(10);
    }

    @Test
    void aTokenOfANewKeyIsNotWrongEvenAfterManyOfMadeUpKeys() {
        var decoder = decoder();
        decoder.decode(Tokens.of("alice"));
        for (int n = 0; n < 20; n++) {
            assertThatThrownBy(() -> decoder.decode(Tokens.ofUnknownKey("alice")))
                    .isInstanceOf(JwtException.class);
        }

        published.set(Tokens.everyKey().getBytes(StandardCharsets.UTF_8));

        await("the token to be taken, and not to be called wrong before")
                .atMost(Duration.ofSeconds(30))
                .ignoreExceptionsMatching(it -> it instanceof JwtException && !(it instanceof BadJwtException))
                .until(() -> "alice"
                        .equals(decoder.decode(Tokens.ofUnknownKey("alice")).getSubject()));
    }

    @Test
    void withoutAnyKeyNothingCanBeSaidOfAToken() {
        down.set(true);
        var decoder = decoder();

        for (int n = 0; n < 5; n++) {
            assertThatThrownBy(() -> decoder.decode(Tokens.of("alice")))
                    .isInstanceOf(JwtException.class)
                    .isNotInstanceOf(BadJwtException.class);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableWebMvc
    @EnableWebSecurity
    static class WithoutKeys {

        @Bean
        Clock clock() {
            return Clock.systemUTC();
        }

        @Bean
        JwtDecoder decoder() {
            return token -> {
                throw new JwtException("The key set cannot be had");
            };
        }
    }

    @Test
    void suchATokenIsAnswered503() throws Exception {
        try (var context = new AnnotationConfigWebApplicationContext()) {
            var servlets = new MockServletContext();
            servlets.setAttribute(WebApplicationContext.ROOT_WEB_APPLICATION_CONTEXT_ATTRIBUTE, context);
            context.setServletContext(servlets);
            TestPropertyValues.of("spring.security.oauth2.resourceserver.jwt.jwk-set-uri=http://127.0.0.1:1/jwks")
                    .applyTo(context);
            context.register(WithoutKeys.class, Security.class, Problems.class);
            context.refresh();
            var request = new MockHttpServletRequest(servlets, "GET", "/api/orders");
            request.addHeader("Authorization", "Bearer " + Tokens.of("alice"));
            var response = new MockHttpServletResponse();

            context.getBean(FilterChainProxy.class).doFilter(request, response, new MockFilterChain());

            assertThat(response.getStatus()).isEqualTo(503);
            assertThat(response.getContentAsString()).contains("https://meridian.dev/problems/identity-unavailable");
            OpenApi.DESCRIPTION.check(
                    "GET",
                    "/api/orders",
                    response.getStatus(),
                    name -> Objects.requireNonNullElse(response.getHeader(name), ""),
                    response.getContentAsString());
        }
    }
}
