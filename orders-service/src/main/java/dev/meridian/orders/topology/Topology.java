package dev.meridian.orders.topology;

import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The system at one moment, as one instance sees it. Null stands for what did not answer in time.
 *
 * @param datacenters by name
 */
public record Topology(
        @Schema(description = "When this was looked at") Instant at,

        @Schema(description = "As the registry told last") List<Datacenter> datacenters,

        Queue queue,
        @Nullable Replication replication,
        Cache cache) {

    /** @param instances by service and name */
    public record Datacenter(String name, List<Instance> instances) {}

    public record Instance(
            @Schema(example = "orders-service") String service,

            String name,

            @Schema(example = "127.0.0.1:8101") String address,

            Health health) {}

    public enum Health {
        READY,
        NOT_READY,
        /** It has no management port to ask, or did not answer. */
        UNKNOWN
    }

    public record Queue(
            @Schema(description = "Events that the workers have not finished") @Nullable
            Long waiting,

            @Schema(description = "Events that are not published yet") @Nullable
            Long unpublished) {}

    /** @param replicas none where nothing follows the primary */
    public record Replication(List<Replica> replicas) {}

    public record Replica(
            String name,

            @Schema(description = "What it has not replayed yet; unknown where the role may not see it") @Nullable
            Long lagBytes,

            @Schema(description = "How long the last change took to be replayed there; zero where nothing is under way")
            @Nullable
            Double lagSeconds) {}

    /** The order cache as this instance has met it since it started. */
    public record Cache(
            @Schema(description = "The datacenter whose cache it is")
            String datacenter,

            double hits,
            double misses,
            double failures,

            @Schema(description = "Hits among all reads; absent before the first", example = "0.97") @Nullable
            Double hitRate) {}
}
