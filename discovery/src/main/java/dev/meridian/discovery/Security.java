package dev.meridian.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.util.List;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;

/** Who registers an instance gets requests with their tokens and passwords, so only our services may. */
@Configuration(proxyBeanMethods = false)
class Security {

    private static final String USER = "registry";

    /** The actuator answers on the management port alone. */
    @Bean
    SecurityFilterChain registry(HttpSecurity http, AuthenticationManager services) {
        return http.authorizeHttpRequests(requests -> requests.requestMatchers(EndpointRequest.toAnyEndpoint())
                        .permitAll()
                        .anyRequest()
                        .authenticated())
                .authenticationManager(services)
                .httpBasic(Customizer.withDefaults())
                .csrf(AbstractHttpConfigurer::disable) // no browser signs in to change something
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .build();
    }

    /**
     * Compares, and does not hash: each instance shows the password each second, and Spring Security's own way would make
     * a bcrypt hash of it, of a tenth of a second of processor time.
     */
    @Bean
    AuthenticationManager services(@Value("${meridian.registry.password}") String password) {
        byte[] known = password.getBytes(UTF_8);
        return shown -> {
            byte[] guess = String.valueOf(shown.getCredentials()).getBytes(UTF_8);
            if (!MessageDigest.isEqual(known, guess) || !USER.equals(shown.getName())) {
                throw new BadCredentialsException("Not a service of ours");
            }
            return UsernamePasswordAuthenticationToken.authenticated(USER, null, List.of());
        };
    }
}
