package dev.meridian.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.StringUtils;

class LimitsValidationTests {

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties(Limits.class)
    static class Settings {}

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withInitializer(new ConfigDataApplicationContextInitializer())
            .withUserConfiguration(Settings.class);

    @Test
    void shippedSettingsAreValid() {
        runner.run(context -> assertThat(context).hasSingleBean(Limits.class));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rate=0",
                "burst=-1",
                "address-rate=0",
                "address-burst=0",
                "concurrency=0",
                "request-time=0s",
                "redis.port=0",
                "redis.user=",
                "redis.password=",
                "redis.timeout=0ms",
                "retries.percent=0",
                "breaker.window=500ms",
                "breaker.half-open-calls=0"
            })
    void settingThatIsNotPositiveEndsTheStart(String setting) {
        runner.withPropertyValues("meridian.limits." + setting).run(context -> {
            assertThat(context).hasFailed();
            String field = StringUtils.uncapitalize(
                    Stream.of(setting.substring(0, setting.indexOf('=')).split("-"))
                            .map(StringUtils::capitalize)
                            .collect(Collectors.joining()));
            assertThat(context.getStartupFailure())
                    .hasStackTraceContaining("Field error in object 'meridian.limits' on field '" + field + "'");
        });
    }
}
