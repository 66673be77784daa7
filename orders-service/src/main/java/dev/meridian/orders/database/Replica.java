package dev.meridian.orders.database;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the replica, and whether it may answer a read. Since replay only goes forward, the last known
 * position is one that the replica still has: no read has to ask first.
 */
public final class Replica {

    /** So many positions of the primary are remembered while the replica does not follow. */
    private static final int REMEMBERED = 1_000;

    private final Duration fresh;
    private final Duration maxLag;
    private final LongSupplier nanoTime;

    /** Positions of the primary that the replica has not reached, each with when it was noticed; oldest first. */
    private final Deque<Noticed> ahead = new ArrayDeque<>();

    private volatile @Nullable Noticed replica;
    private volatile @Nullable Noticed primary;

    /** Only an answer to a question asked after this moment ends the rest. */
    private volatile @Nullable Long restingSince;

    private record Noticed(Position position, long at) {}

    Replica(Duration fresh, Duration maxLag, LongSupplier nanoTime) {
        this.fresh = fresh;
        this.maxLag = maxLag;
        this.nanoTime = nanoTime;
    }

    /** Whether a read may go there. @param required what it must not answer from before; null for anything */
    boolean serves(@Nullable Position required) {
        Noticed known = replica;
        return known != null
                && restingSince == null
                && isFresh(known)
                && (required == null || known.position.includes(required))
                && lag().map(lag -> lag.compareTo(maxLag) <= 0).orElse(true);
    }

    /** Everything up to here can be read from it. */
    Optional<Position> reached() {
        return Optional.ofNullable(replica).map(Noticed::position);
    }

    /** Whether it is there and follows closely enough for reads that need no certain position. */
    public boolean serves() {
        return serves(null);
    }

    /** By how long it is behind, at most; nothing while the primary or the replica does not answer. */
    public Optional<Duration> lag() {
        Noticed latest = primary;
        Noticed known = replica;
        if (latest == null || !isFresh(latest) || known == null || !isFresh(known)) {
            return Optional.empty();
        }
        synchronized (ahead) {
            Noticed oldest = ahead.peekFirst();
            return Optional.of(
                    oldest == null ? Duration.ZERO : Duration.ofNanos(Math.max(0, nanoTime.getAsLong() - oldest.at)));
        }
    }

    private boolean isFresh(Noticed noticed) {
        return nanoTime.getAsLong() - noticed.at <= fresh.toNanos();
    }

    /** A read failed there: it gets no more until it has answered a question that is still to be asked. */
    void rest() {
        restingSince = nanoTime.getAsLong();
    }

    /** @param asked when the question was asked that this answers */
    void replicaAnswered(Position reached, long asked) {
        replica = new Noticed(reached, nanoTime.getAsLong());
        synchronized (ahead) {
            while (!ahead.isEmpty() && reached.compareTo(ahead.peekFirst().position) >= 0) {
                ahead.removeFirst();
            }
        }
        Long resting = restingSince;
        if (resting != null && asked - resting > 0) {
            restingSince = null;
        }
    }

    /** It does not answer, or is no replica. */
    void replicaIsAway() {
        replica = null;
    }

    void primaryAnswered(Position reached) {
        Noticed now = new Noticed(reached, nanoTime.getAsLong());
        primary = now;
        synchronized (ahead) {
            Noticed known = replica;
            Noticed last = ahead.peekLast();
            if (ahead.size() < REMEMBERED
                    && (known == null || reached.compareTo(known.position) > 0)
                    && (last == null || reached.compareTo(last.position) > 0)) {
                ahead.addLast(now);
            }
        }
    }
}
