package dev.meridian.local;

import java.time.Duration;

/** What a commit on the primary waits for before it is acknowledged. */
public sealed interface Replication {

    /** For the primary's own disk. A promotion after the primary's death may lose the last moments. */
    record Asynchronous() implements Replication {}

    /**
     * For the replica's disk too: a promotion loses nothing that was acknowledged.
     *
     * @param limit how long commits wait for a replica that is gone. After that the primary goes on alone, and a
     *     promotion is refused until the replica has caught up; at least 2 s, since a replica reports every second
     */
    record Synchronous(Duration limit) implements Replication {

        public static final int DEFAULT_SECONDS = 5;

        private static final Duration SHORTEST = Duration.ofSeconds(2);

        public Synchronous {
            if (limit.compareTo(SHORTEST) < 0) {
                throw new StackException("Commits have to wait at least " + SHORTEST.toSeconds()
                        + " s for a replica that is gone, not " + limit.toMillis() / 1e3 + " s.");
            }
        }
    }
}
