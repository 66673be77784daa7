package dev.meridian.local;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a stack is made of.
 *
 * @param root the project's root folder
 * @param data where its data, logs and state live
 * @param frontDoor the port of the front door; 0 takes a free one
 * @param preferredPorts whether all other ports are the documented ones where these are free; else any free ones
 * @param fresh whether data of an earlier run is wiped first
 * @param services whether our services run too, or only what they stand on
 * @param edge whether a load balancer and a CDN stand before the services, where their programs are installed
 * @param replication what a commit on the primary waits for
 * @param startLimit how long one program may take to start
 */
public record StackSettings(
        Path root,
        Path data,
        int frontDoor,
        boolean preferredPorts,
        boolean fresh,
        boolean services,
        boolean edge,
        Replication replication,
        Duration startLimit) {

    public static final int FRONT_DOOR = 8080;

    public StackSettings {
        root = root.toAbsolutePath().normalize();
        data = data.toAbsolutePath().normalize();
        if (frontDoor < 0 || frontDoor > 65_535) {
            throw new StackException("Not a port: " + frontDoor + ".");
        }
    }

    /** What `./run` starts: the whole system on its documented ports, in the project around the working directory. */
    public static StackSettings defaults() {
        Path root = Project.current().root();
        return new StackSettings(
                root,
                root.resolve(".meridian"),
                FRONT_DOOR,
                true,
                false,
                true,
                true,
                new Replication.Asynchronous(),
                Duration.ofMinutes(3));
    }

    /** For tests and benchmarks: free ports throughout, so that it lives beside any other. */
    public static StackSettings isolated(Path data) {
        StackSettings defaults = defaults();
        return new StackSettings(
                defaults.root, data, 0, false, false, true, true, defaults.replication, defaults.startLimit);
    }

    public StackSettings withData(Path data) {
        return new StackSettings(root, data, frontDoor, preferredPorts, fresh, services, edge, replication, startLimit);
    }

    public StackSettings withFrontDoor(int frontDoor) {
        return new StackSettings(root, data, frontDoor, preferredPorts, fresh, services, edge, replication, startLimit);
    }

    public StackSettings withFresh(boolean fresh) {
        return new StackSettings(root, data, frontDoor, preferredPorts, fresh, services, edge, replication, startLimit);
    }

    public StackSettings withServices(boolean services) {
        return new StackSettings(root, data, frontDoor, preferredPorts, fresh, services, edge, replication, startLimit);
    }

    public StackSettings withEdge(boolean edge) {
        return new StackSettings(root, data, frontDoor, preferredPorts, fresh, services, edge, replication, startLimit);
    }

    public StackSettings withReplication(Replication replication) {
        return new StackSettings(root, data, frontDoor, preferredPorts, fresh, services, edge, replication, startLimit);
    }

    public StackSettings withStartLimit(Duration startLimit) {
        return new StackSettings(root, data, frontDoor, preferredPorts, fresh, services, edge, replication, startLimit);
    }
}
