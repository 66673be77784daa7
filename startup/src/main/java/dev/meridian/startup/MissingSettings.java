package dev.meridian.startup;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.util.StringUtils;

/**
 * Refuses to start where a setting is missing that the service's files refer to, <code>${so}</code> and without a value
 * to fall back on, or that they name in {@value #REQUIRED}. All of them are told at once.
 */
@Order(2) // after what says more
class MissingSettings implements EnvironmentPostProcessor {

    private static final String REQUIRED = "meridian.required";

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([\\w.-]+)}");

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        Set<String> missing = new TreeSet<>();
        Stream.of(environment.getProperty(REQUIRED, String[].class, new String[0]))
                .filter(name -> !StringUtils.hasText(environment.getProperty(name)))
                .forEach(missing::add);
        environment.getPropertySources().stream()
                .filter(source -> source.getName().startsWith("Config resource"))
                .flatMap(source -> source instanceof EnumerablePropertySource<?> file ? values(file) : Stream.of())
                .flatMap(value -> REFERENCE.matcher(value).results())
                .map(reference -> reference.group(1))
                .filter(name -> !environment.containsProperty(name))
                .forEach(missing::add);
        if (!missing.isEmpty()) {
            throw new StartRefused(environment, "without " + String.join(", ", missing));
        }
    }

    private static Stream<String> values(EnumerablePropertySource<?> file) {
        return Stream.of(file.getPropertyNames()).map(name -> String.valueOf(file.getProperty(name)));
    }
}
