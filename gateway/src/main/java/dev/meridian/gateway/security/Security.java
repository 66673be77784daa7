package dev.meridian.gateway.security;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.meridian.gateway.problems.Problem;
import dev.meridian.gateway.problems.Problems;
import java.net.URL;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity.CsrfSpec;
import org.springframework.security.config.web.server.ServerHttpSecurity.FormLoginSpec;
import org.springframework.security.config.web.server.ServerHttpSecurity.HttpBasicSpec;
import org.springframework.security.config.web.server.ServerHttpSecurity.LogoutSpec;
import org.springframework.security.config.web.server.ServerHttpSecurity.RequestCacheSpec;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.ServerAuthenticationEntryPoint;
import org.springframework.security.web.server.authorization.ServerAccessDeniedHandler;
import org.springframework.security.web.server.context.NoOpServerSecurityContextRepository;
import org.springframework.security.web.server.firewall.ServerExchangeRejectedException;
import org.springframework.security.web.server.firewall.ServerWebExchangeFirewall;
import org.springframework.security.web.server.firewall.StrictServerWebExchangeFirewall;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Who may call what. The services check tokens again: coming through the gateway proves nothing. */
@Configuration(proxyBeanMethods = false)
class Security {

    private static final String AUDIENCE = "meridian";

    private static final Pattern HOST = Pattern.compile("(?i)([a-z0-9.-]+|\\[[0-9a-f:.]+])(:[0-9]{1,5})?");

    /** Those that the edge lets through, and Spring Security. */
    private static final Set<HttpMethod> METHODS = Stream.of("GET HEAD POST PUT PATCH DELETE OPTIONS".split(" "))
            .map(HttpMethod::valueOf)
            .collect(Collectors.toUnmodifiableSet());

    private static final String[] IDENTITY = {
        "/oauth2/**", "/.well-known/**", "/login", "/logout", "/default-ui.css", "/userinfo", "/connect/**"
    };

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
    SecurityWebFilterChain calls(ServerHttpSecurity http, Problems problems, RouteLocator routes) {
        ServerAuthenticationEntryPoint refusal = (exchange, why) -> unauthorized(exchange, why, problems, routes);
        ServerAccessDeniedHandler denial = (exchange, why) -> {
            challenge(exchange, "Bearer error=\"insufficient_scope\"");
            return problems.answer(exchange, Problem.INSUFFICIENT_SCOPE);
        };
        return http.csrf(CsrfSpec::disable)
                .formLogin(FormLoginSpec::disable)
                .httpBasic(HttpBasicSpec::disable)
                .logout(LogoutSpec::disable)
                .requestCache(RequestCacheSpec::disable)
                .securityContextRepository(NoOpServerSecurityContextRepository.getInstance())
                .authorizeExchange(calls -> calls.pathMatchers("/api/orders/**") // first, being asked for most
                        .hasAuthority("SCOPE_orders")
                        .pathMatchers(HttpMethod.GET, "/api/products", "/api/openapi")
                        .permitAll()
                        .pathMatchers(HttpMethod.HEAD, "/api/products", "/api/openapi")
                        .permitAll()
                        .pathMatchers(IDENTITY)
                        .permitAll() // identity has its own rules
                        .pathMatchers("/actuator/**")
                        .permitAll() // answers on the management port alone, which only our own network reaches
                        .pathMatchers("/api/dead-letters/**", "/api/topology")
                        .hasAuthority("SCOPE_ops")
                        .anyExchange()
                        .authenticated())
                .oauth2ResourceServer(tokens ->
                        tokens.jwt(jwt -> {}).authenticationEntryPoint(refusal).accessDeniedHandler(denial))
                .exceptionHandling(
                        errors -> errors.authenticationEntryPoint(refusal).accessDeniedHandler(denial))
                .build();
    }

    /** An address that leads nowhere is not found, with a token or without. */
    private static Mono<Void> unauthorized(
            ServerWebExchange exchange, AuthenticationException why, Problems problems, RouteLocator routes) {
        return routes.getRoutes()
                .filterWhen(route -> route.getPredicate().apply(exchange))
                .hasElements()
                .flatMap(routed -> {
                    if (!routed) {
                        return problems.answer(exchange, Problem.NOT_FOUND);
                    }
                    if (why instanceof OAuth2AuthenticationException) {
                        challenge(exchange, "Bearer error=\"invalid_token\"");
                        return problems.answer(exchange, Problem.INVALID_TOKEN);
                    }
                    challenge(exchange, "Bearer"); // RFC 6750, section 3.1: no error code where there was no token
                    return problems.answer(exchange, Problem.MISSING_TOKEN);
                });
    }

    /** Besides what Spring Security refuses: a request names one plain host (RFC 9112, section 3.2). */
    @Bean
    ServerWebExchangeFirewall plainRequests() {
        var strict = new StrictServerWebExchangeFirewall();
        return exchange -> {
            var request = exchange.getRequest();
            if (!METHODS.contains(request.getMethod())) {
                return Mono.error(new MethodNotAllowedException(request.getMethod(), METHODS));
            }
            var hosts = request.getHeaders().getOrEmpty(HttpHeaders.HOST);
            return hosts.size() == 1 && HOST.matcher(hosts.getFirst()).matches()
                    ? strict.getFirewalledExchange(exchange)
                    : Mono.error(new ServerExchangeRejectedException("Not one plain host"));
        };
    }

    private static void challenge(ServerWebExchange exchange, String challenge) {
        exchange.getResponse().getHeaders().set(HttpHeaders.WWW_AUTHENTICATE, challenge);
    }

    @Bean
    KeySet keys(@Value("${meridian.jwk-set-uri}") URL issuer) {
        return new KeySet(issuer);
    }

    @Bean
    ReactiveJwtDecoder tokens(@Value("${meridian.issuer}") String issuer, KeySet keys) {
        var decoder = NimbusReactiveJwtDecoder.withJwkSource(keys).build(); // RS256 and no other algorithm
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
                new JwtTimestampValidator(Duration.ofSeconds(10)), // for clocks that differ
                new JwtClaimValidator<>(JwtClaimNames.EXP, Objects::nonNull),
                new JwtIssuerValidator(issuer),
                new JwtClaimValidator<List<String>>(
                        JwtClaimNames.AUD, audiences -> audiences != null && audiences.contains(AUDIENCE))));
        return new VerifiedTokens(decoder, Clock.systemUTC(), Ticker.systemTicker());
    }
}
