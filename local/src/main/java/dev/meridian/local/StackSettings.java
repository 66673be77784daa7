package dev.meridian.local;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a stack is made of.
 *
 * @param data where its data, logs and state live
 * @param frontDoor the port of the front door, and all others are the documented ones where these are free; 0 takes any
 *     free ports
 * @param fresh whether data of an earlier run is wiped first
 * @param services whether our services run too, or only what they stand on; before them a load balancer and a CDN, where
 *     these are installed
 * @param replicaWait how long a commit on the primary waits for a replica that is gone, see {@link Stack#replicate}
 */
public record StackSettings(Path data, int frontDoor, boolean fresh, boolean services, Duration replicaWait) {

    /** Replication is asynchronous: a promotion after the primary's death may lose the last moments. */
    public static final Duration NO_WAIT = Duration.ZERO;

    public StackSettings {
        data = data.toAbsolutePath().normalize();
        if (frontDoor < 0 || frontDoor > 65_535) {
            throw new StackException("Not a port: " + frontDoor + ".");
        }
    }

    /** For tests: the whole system on free ports throughout, so that it lives beside any other. */
    public static StackSettings isolated(Path data) {
        return new StackSettings(data, 0, false, true, NO_WAIT);
    }

    public StackSettings withFresh(boolean fresh) {
        return new StackSettings(data, frontDoor, fresh, services, replicaWait);
    }

    public StackSettings withServices(boolean services) {
        return new StackSettings(data, frontDoor, fresh, services, replicaWait);
    }
}
