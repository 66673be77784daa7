package dev.meridian.gateway.routing;

import org.springframework.cloud.gateway.route.Route;

/** Routes whose answers are streams without an end. They say {@code streams: true} in their metadata. */
public final class StreamingRoutes {

    static final String METADATA = "streams";

    private StreamingRoutes() {}

    /** Whether the answers of this route are streams. */
    public static boolean contain(Route route) {
        var declared = route.getMetadata().get(METADATA);
        return declared != null && Boolean.parseBoolean(declared.toString());
    }
}
