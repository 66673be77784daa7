package dev.meridian.startup;

import java.util.List;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.io.ClassPathResource;
import org.springframework.util.PlaceholderResolutionException;

/**
 * Refuses to start without a profile, and with a password or secret of <code>application-dev.yml</code> in any profile
 * but <code>dev</code>. It runs when all settings are read and nothing has begun.
 */
@Order(0) // before a service's own checks
class StartupCheck implements EnvironmentPostProcessor {

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        List<String> profiles = List.of(environment.getActiveProfiles());
        if (profiles.isEmpty()) {
            throw new StartRefused(
                    environment, "no profile is active; set SPRING_PROFILES_ACTIVE, for development to dev");
        }
        if (profiles.equals(List.of("dev"))) {
            return;
        }
        Properties development = development();
        List<String> known = development.keySet().stream()
                .map(Object::toString)
                .filter(name -> name.endsWith("password") || name.endsWith("secret"))
                .filter(name -> Objects.equals(development.getProperty(name), known(environment, name)))
                .sorted()
                .toList();
        if (!known.isEmpty()) {
            throw new StartRefused(
                    environment,
                    "development's credentials are refused in profile " + String.join(",", profiles)
                            + "; set others for " + String.join(", ", known));
        }
    }

    /** Null where it refers to a setting that is missing, which is told later. */
    private static @Nullable String known(ConfigurableEnvironment environment, String name) {
        try {
            return environment.getProperty(name);
        } catch (PlaceholderResolutionException missing) {
            return null;
        }
    }

    private static Properties development() {
        var yaml = new YamlPropertiesFactoryBean();
        yaml.setResources(new ClassPathResource("application-dev.yml"));
        return Objects.requireNonNull(yaml.getObject());
    }
}
