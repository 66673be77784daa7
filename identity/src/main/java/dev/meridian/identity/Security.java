package dev.meridian.identity;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.http.MediaType;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.factory.PasswordEncoderFactories;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;
import org.springframework.security.oauth2.server.authorization.web.authentication.OAuth2AuthorizationCodeRequestAuthenticationConverter;
import org.springframework.security.oauth2.server.authorization.web.authentication.OAuth2ClientCredentialsAuthenticationConverter;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.security.web.util.matcher.MediaTypeRequestMatcher;

/** The protocol's endpoints, the log-in page, and what stands in a token. */
@Configuration(proxyBeanMethods = false)
class Security {

    /** Every service of Meridian accepts tokens for this audience and no other. */
    private static final String AUDIENCE = "meridian";

    @Bean
    @Order(1)
    SecurityFilterChain protocol(HttpSecurity http) {
        var pages = new MediaTypeRequestMatcher(MediaType.TEXT_HTML);
        pages.setIgnoredMediaTypes(Set.of(MediaType.ALL));
        return http.oauth2AuthorizationServer(server -> {
                    http.securityMatcher(server.getEndpointsMatcher());
                    server.oidc(Customizer.withDefaults());
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
                .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .oauth2ResourceServer(resources -> resources.jwt(Customizer.withDefaults()))
                .exceptionHandling(exceptions -> exceptions.defaultAuthenticationEntryPointFor(
                        new LoginUrlAuthenticationEntryPoint("/login"), pages))
                .build();
    }

    /** The actuator answers on the management port alone, which no route of the gateway reaches. */
    @Bean
    @Order(2)
    SecurityFilterChain actuator(HttpSecurity http) {
        return http.securityMatcher(EndpointRequest.toAnyEndpoint())
                .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                .build();
    }

    @Bean
    @Order(3)
    SecurityFilterChain login(HttpSecurity http) {
        return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .formLogin(Customizer.withDefaults())
                .build();
    }

    @Bean
    static CredentialsCheck credentialsCheck(Environment environment) {
        return new CredentialsCheck(environment);
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
