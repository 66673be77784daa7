package dev.meridian.orders.web;

import com.github.benmanes.caffeine.cache.Ticker;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URL;
import java.time.Clock;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.security.oauth2.server.resource.autoconfigure.JwkSetUriJwtDecoderBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.server.resource.BearerTokenErrors;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationProvider;
import org.springframework.security.oauth2.server.resource.web.authentication.BearerTokenAuthenticationConverter;
import org.springframework.security.oauth2.server.resource.web.authentication.BearerTokenAuthenticationFilter;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.AccessDeniedHandler;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.StrictHttpFirewall;
import org.springframework.util.StringUtils;
import org.springframework.web.servlet.HandlerExceptionResolver;

/**
 * Who may call what. The gateway has checked the token already; it is checked here again, so that nothing rests on
 * everybody coming through the gateway. Signature, issuer, audience and expiry are checked by the decoder that Spring
 * Boot makes of {@code spring.security.oauth2.resourceserver.jwt}.
 */
@Configuration(proxyBeanMethods = false)
class Security {

    private static final Duration KEYS_MAX_AGE = Duration.ofMinutes(5); // a withdrawn key goes within this time
    private static final Duration KEYS_PAUSE = Duration.ofSeconds(5);
    private static final int CONNECT_MILLIS = 1_000;
    private static final int READ_MILLIS = 1_000;
    private static final int LARGEST_KEY_SET = 64 * 1024;

    /** RFC 9110, section 11.4, with the token of RFC 6750, section 2.1. */
    private static final Pattern BEARER = Pattern.compile("Bearer +([A-Za-z0-9._~+/-]+=*)", Pattern.CASE_INSENSITIVE);

    /**
     * A request is observed as a whole. Each filter, the check of the token and the decision would be observed too,
     * which costs more than what they do.
     */
    @Bean
    static SecurityObservationSettings observedAsAWhole() {
        return SecurityObservationSettings.noObservations();
    }

    /** A token comes with each request, never by itself as a cookie would: there is no session and nothing to forge. */
    @Bean
    SecurityFilterChain calls(
            HttpSecurity http,
            JwtDecoder decoder,
            Clock clock,
            @Qualifier("handlerExceptionResolver") HandlerExceptionResolver problems) {
        AuthenticationEntryPoint refused =
                (request, response, why) -> problems.resolveException(request, response, null, refusal(why));
        AccessDeniedHandler denied =
                (request, response, why) -> problems.resolveException(request, response, null, insufficientScope());
        return http.csrf(AbstractHttpConfigurer::disable)
                .sessionManagement(session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .requestCache(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .authorizeHttpRequests(requests -> requests.requestMatchers("/api/orders", "/api/orders/**")
                        .hasAuthority("SCOPE_orders")
                        .requestMatchers("/api/products", "/api/openapi")
                        .permitAll()
                        .requestMatchers("/api/dead-letters", "/api/dead-letters/**", "/api/topology")
                        .hasAuthority("SCOPE_ops")
                        .requestMatchers("/actuator/**")
                        .permitAll() // answers on the management port alone, which only our own network reaches
                        .anyRequest()
                        .authenticated())
                .addFilter(tokens(new VerifiedTokens(decoder, clock, Ticker.systemTicker()), refused))
                .exceptionHandling(
                        failures -> failures.authenticationEntryPoint(refused).accessDeniedHandler(denied))
                .build();
    }

    /**
     * Without the rest of {@code oauth2ResourceServer}, which tells callers the address of this instance (RFC 9728).
     * Failures of every kind are refused alike; by default a token that cannot be checked now ends in 500.
     */
    private static BearerTokenAuthenticationFilter tokens(JwtDecoder decoder, AuthenticationEntryPoint refused) {
        var header = new BearerTokenAuthenticationConverter();
        header.setBearerTokenResolver(Security::token);
        var filter = new BearerTokenAuthenticationFilter(
                new ProviderManager(new JwtAuthenticationProvider(decoder)), header);
        filter.setAuthenticationEntryPoint(refused);
        filter.setAuthenticationFailureHandler(refused::commence);
        return filter;
    }

    /** Spring's own resolver takes one space only. */
    private static @Nullable String token(HttpServletRequest request) {
        String credentials = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (credentials == null || !StringUtils.startsWithIgnoreCase(credentials, "Bearer")) {
            return null;
        }
        Matcher bearer = BEARER.matcher(credentials);
        if (!bearer.matches()) {
            throw new OAuth2AuthenticationException(BearerTokenErrors.invalidToken("Malformed"));
        }
        return bearer.group(1);
    }

    /** Every method reaches Spring MVC, which says what an address allows, and every header those who read it. */
    @Bean
    static HttpFirewall anyMethodAndHeader() {
        var firewall = new StrictHttpFirewall();
        firewall.setUnsafeAllowAnyHttpMethod(true);
        firewall.setAllowedHeaderValues(value -> true);
        return firewall;
    }

    /** With the challenge of RFC 6750, section 3, which names no error where there was no token. */
    private static Problem refusal(AuthenticationException why) {
        return switch (why) {
            case AuthenticationServiceException _ ->
                new Problem(
                                HttpStatus.SERVICE_UNAVAILABLE,
                                "identity-unavailable",
                                "Identity unavailable",
                                "Access tokens cannot be checked now.")
                        .retryAfter(Duration.ofSeconds(1));
            case OAuth2AuthenticationException _ ->
                new Problem(
                                HttpStatus.UNAUTHORIZED,
                                "invalid-token",
                                "Invalid token",
                                "The access token is malformed, expired, or not for this service.")
                        .with(HttpHeaders.WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
            default ->
                new Problem(
                                HttpStatus.UNAUTHORIZED,
                                "missing-token",
                                "Missing token",
                                "The request needs an access token in the Authorization header.")
                        .with(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        };
    }

    private static Problem insufficientScope() {
        return new Problem(
                        HttpStatus.FORBIDDEN,
                        "insufficient-scope",
                        "Insufficient scope",
                        "The access token does not carry the scope that this call needs.")
                .with(HttpHeaders.WWW_AUTHENTICATE, "Bearer error=\"insufficient_scope\"");
    }

    /**
     * The keys outlive an outage of the issuer: while it does not answer, those that are known stay. A token of an
     * unknown key makes them be fetched again, twice within the pause at most, so that tokens with made-up keys do not
     * pass their load on.
     */
    @Bean
    JwkSetUriJwtDecoderBuilderCustomizer keysOutliveAnOutage(JWKSource<SecurityContext> keys) {
        return decoder -> decoder.jwtProcessorCustomizer(
                processor -> processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.RS256, keys)));
    }

    @Bean
    static JWKSource<SecurityContext> keys(
            @Value("${spring.security.oauth2.resourceserver.jwt.jwk-set-uri}") URL keySet) {
        return JWKSourceBuilder.<SecurityContext>create(
                        keySet, new DefaultResourceRetriever(CONNECT_MILLIS, READ_MILLIS, LARGEST_KEY_SET))
                .cache(KEYS_MAX_AGE.toMillis(), 2 * (CONNECT_MILLIS + READ_MILLIS))
                .refreshAheadCache(false)
                .rateLimited(KEYS_PAUSE.toMillis())
                .outageTolerantForever()
                .build();
    }

    /** Every order belongs to a subject, so a token without one is none. Spring Boot adds this to its decoder's checks. */
    @Bean
    OAuth2TokenValidator<Jwt> tokenNamesItsSubject() {
        return new JwtClaimValidator<String>(JwtClaimNames.SUB, subject -> subject != null && !subject.isBlank());
    }
}
