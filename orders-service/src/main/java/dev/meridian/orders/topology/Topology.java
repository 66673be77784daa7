package dev.meridian.orders.topology;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The system at one moment, as one instance sees it. Null stands for what did not answer in time.
 *
 * @param datacenters by name
 */
public record Topology(
        Instant at,
        List<Datacenter> datacenters,
        Queue queue,
        @Nullable Replication replication,
        Cache cache) {

    /** @param instances by service and name */
    public record Datacenter(String name, List<Instance> instances) {}

    public record Instance(String service, String name, String address, Health health) {}

    public enum Health {
        READY,
        NOT_READY,
        /** It has no management port to ask, or did not answer. */
        UNKNOWN
    }

    public record Queue(@Nullable Long waiting, @Nullable Long unpublished) {}

    /** @param replicas none where nothing follows the primary */
    public record Replication(List<Replica> replicas) {}

    public record Replica(
            String name, @Nullable Long lagBytes, @Nullable Double lagSeconds) {}

    /** The order cache as this instance has met it since it started. */
    public record Cache(
            String datacenter,
            double hits,
            double misses,
            double failures,
            @Nullable Double hitRate) {}
}
