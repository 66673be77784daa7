package dev.meridian.identity;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.boot.security.oauth2.server.authorization.autoconfigure.servlet.OAuth2AuthorizationServerProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.factory.PasswordEncoderFactories;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.OAuth2ErrorCodes;
import org.springframework.security.oauth2.core.endpoint.OAuth2ParameterNames;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2AuthorizationCodeRequestAuthenticationToken;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;
import org.springframework.security.oauth2.server.authorization.web.authentication.OAuth2AuthorizationCodeRequestAuthenticationConverter;
import org.springframework.security.oauth2.server.authorization.web.authentication.OAuth2ClientCredentialsAuthenticationConverter;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AuthenticationFailureHandler;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.security.web.authentication.SimpleUrlAuthenticationFailureHandler;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;
import org.springframework.security.web.savedrequest.CookieRequestCache;
import org.springframework.security.web.savedrequest.RequestCache;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;
import org.springframework.security.web.util.matcher.AndRequestMatcher;
import org.springframework.security.web.util.matcher.MediaTypeRequestMatcher;
import org.springframework.security.web.util.matcher.NegatedRequestMatcher;
import org.springframework.security.web.util.matcher.RequestMatcher;
import org.springframework.web.util.UriComponentsBuilder;
import org.springframework.web.util.UriUtils;

/** The protocol's endpoints, the log-in page, and what stands in a token. */
@Configuration(proxyBeanMethods = false)
class Security {

    /** Every service of Meridian accepts tokens for this audience and no other. */
    private static final String AUDIENCE = "meridian";

    private static final RequestMatcher TOKENS = PathPatternRequestMatcher.pathPattern("/oauth2/token");

    private static final RequestMatcher AUTHORIZE =
            PathPatternRequestMatcher.pathPattern(HttpMethod.GET, "/oauth2/authorize");

    private static final RequestMatcher SILENT =
            request -> AUTHORIZE.matches(request) && "none".equals(request.getParameter("prompt"));

    /**
     * Tokens are self-contained, and those of clients are not kept: to ask about one, or to take one back, would tell or
     * change nothing.
     */
    private static final RequestMatcher NOT_OFFERED =
            PathPatternRequestMatcher.pathPattern("/oauth2/{endpoint:introspect|revoke}");

    /** Where the browser goes on after the log-in; an address that no cookie can hold is forgotten. */
    private static final int LONGEST_ADDRESS = 2_000;

    /**
     * There is no session before the log-in, so anonymous callers cannot fill the memory. What has to be remembered until
     * then travels in cookies.
     */
    private static RequestCache askedFor() {
        var cache = new CookieRequestCache();
        cache.setRequestMatcher(request -> AUTHORIZE.matches(request)
                && !SILENT.matches(request)
                && String.valueOf(request.getQueryString()).length() <= LONGEST_ADDRESS);
        cache.setCookieCustomizer(cookie -> {
            cookie.setHttpOnly(true);
            cookie.setAttribute("SameSite", "Lax");
        });
        return cache;
    }

    @Bean
    @Order(1)
    SecurityFilterChain protocol(HttpSecurity http, OAuth2AuthorizationServerProperties configured) {
        var pages = new MediaTypeRequestMatcher(MediaType.TEXT_HTML);
        pages.setIgnoredMediaTypes(Set.of(MediaType.ALL));
        var offered = new OfferedByClients(configured.getClient().values());
        return http.oauth2AuthorizationServer(server -> {
                    http.securityMatcher(new AndRequestMatcher(
                            server.getEndpointsMatcher(), new NegatedRequestMatcher(NOT_OFFERED)));
                    server.oidc(oidc -> oidc.providerConfigurationEndpoint(endpoint ->
                            endpoint.providerConfigurationCustomizer(document -> document.claims(offered::describe))));
                    server.authorizationServerMetadataEndpoint(
                            endpoint -> endpoint.authorizationServerMetadataCustomizer(
                                    document -> document.claims(offered::describe)));
                    server.clientAuthentication(client -> client.errorResponseHandler(Security::unknownClient));
                    server.authorizationEndpoint(endpoint ->
                            endpoint.authorizationRequestConverters(converters -> converters.replaceAll(converter ->
                                    converter instanceof OAuth2AuthorizationCodeRequestAuthenticationConverter
                                            ? new NarrowedScopes(converter)
                                            : converter)));
                    server.tokenEndpoint(endpoint ->
                            endpoint.accessTokenRequestConverters(converters -> converters.replaceAll(
                                    converter -> converter instanceof OAuth2ClientCredentialsAuthenticationConverter
                                            ? new DefaultScopes(converter)
                                            : converter)));
                })
                .requestCache(cache -> cache.requestCache(askedFor()))
                .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .oauth2ResourceServer(resources -> resources.jwt(Customizer.withDefaults()))
                .exceptionHandling(exceptions -> exceptions
                        .defaultAuthenticationEntryPointFor(Security::unknownClient, TOKENS)
                        .defaultAuthenticationEntryPointFor(Security::logInRequired, SILENT)
                        .defaultAuthenticationEntryPointFor(new LoginUrlAuthenticationEntryPoint("/login"), pages))
                .build();
    }

    /**
     * OpenID Connect Core, section 3.1.2.6: a client that wants no page gets an error, at the address that Spring has found
     * to be the client's.
     */
    private static void logInRequired(
            HttpServletRequest request, HttpServletResponse response, AuthenticationException failure)
            throws IOException {
        if (!(request.getAttribute(OAuth2AuthorizationCodeRequestAuthenticationToken.class.getName())
                        instanceof OAuth2AuthorizationCodeRequestAuthenticationToken asked)
                || asked.getRedirectUri() == null) {
            response.sendError(HttpServletResponse.SC_BAD_REQUEST);
            return;
        }
        response.sendRedirect(UriComponentsBuilder.fromUriString(asked.getRedirectUri())
                .queryParam(OAuth2ParameterNames.ERROR, "login_required")
                .queryParamIfPresent(
                        OAuth2ParameterNames.STATE,
                        Optional.ofNullable(asked.getState())
                                .map(state -> UriUtils.encode(state, StandardCharsets.UTF_8)))
                .build(true)
                .toUriString());
    }

    /** RFC 6749, section 5.2: the answer names the scheme by which a client may say who it is. */
    private static void unknownClient(
            HttpServletRequest request, HttpServletResponse response, AuthenticationException failure)
            throws IOException {
        var code = failure instanceof OAuth2AuthenticationException known
                ? known.getError().getErrorCode()
                : OAuth2ErrorCodes.INVALID_CLIENT;
        boolean unknown = code.equals(OAuth2ErrorCodes.INVALID_CLIENT);
        response.setStatus(unknown ? HttpServletResponse.SC_UNAUTHORIZED : HttpServletResponse.SC_BAD_REQUEST);
        if (unknown) {
            response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Basic realm=\"meridian\"");
        }
        response.setContentType(MediaType.APPLICATION_JSON_VALUE);
        response.getWriter().write("{\"error\":\"" + code + "\"}");
    }

    /** The actuator answers on the management port alone, which no route of the gateway reaches. */
    @Bean
    @Order(2)
    SecurityFilterChain actuator(HttpSecurity http) {
        return http.securityMatcher(EndpointRequest.toAnyEndpoint())
                .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                .build();
    }

    /** The log-in page, and all that is not there: an unknown address is not found rather than asked to log in. */
    @Bean
    @Order(3)
    SecurityFilterChain login(HttpSecurity http) {
        var forms = new CookieCsrfTokenRepository();
        forms.setCookieName("meridian-form");
        forms.setCookieCustomizer(cookie -> cookie.sameSite("Lax"));
        return http.authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                .requestCache(cache -> cache.requestCache(askedFor()))
                .csrf(csrf -> csrf.csrfTokenRepository(forms)
                        .requireCsrfProtectionMatcher(
                                PathPatternRequestMatcher.pathPattern(HttpMethod.POST, "/{page:login|logout}")))
                .exceptionHandling(
                        exceptions -> // a form that is too old: once more, with a new one
                        exceptions.accessDeniedHandler(
                                        (request, response, denied) -> response.sendRedirect(request.getServletPath())))
                .formLogin(form -> form.failureHandler(sayWithoutSession()))
                .build();
    }

    private static AuthenticationFailureHandler sayWithoutSession() {
        var handler = new SimpleUrlAuthenticationFailureHandler("/login?error");
        handler.setAllowSessionCreation(false);
        return handler;
    }

    @Bean
    UserDetailsService users(Credentials credentials) {
        return new InMemoryUserDetailsManager(credentials.users().entrySet().stream()
                .map(user -> User.withUsername(user.getKey())
                        .password(user.getValue().password())
                        .authorities(user.getValue().scopes().toArray(String[]::new))
                        .build())
                .toList());
    }

    /**
     * Secrets stay as they are configured. Spring Security would otherwise hash a client's secret anew at its first
     * use, and each further token would then pay for that hash.
     */
    @Bean
    PasswordEncoder secrets() {
        var delegate = PasswordEncoderFactories.createDelegatingPasswordEncoder();
        return new PasswordEncoder() {
            @Override
            public @Nullable String encode(@Nullable CharSequence secret) {
                return delegate.encode(secret);
            }

            @Override
            public boolean matches(@Nullable CharSequence secret, @Nullable String encoded) {
                return delegate.matches(secret, encoded);
            }
        };
    }

    @Bean
    OAuth2TokenCustomizer<JwtEncodingContext> audience() {
        return token -> {
            if (OAuth2TokenType.ACCESS_TOKEN.equals(token.getTokenType())) {
                token.getClaims().audience(List.of(AUDIENCE));
            }
        };
    }
}
