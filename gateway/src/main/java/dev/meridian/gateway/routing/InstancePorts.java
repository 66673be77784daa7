package dev.meridian.gateway.routing;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/** The ports that services listen on, from the first to the last. */
@Validated
@ConfigurationProperties("meridian.instance-ports")
record InstancePorts(
        @Min(1) @Max(65_535) int first, @Min(1) @Max(65_535) int last) {

    boolean include(int port) {
        return first <= port && port <= last;
    }
}
