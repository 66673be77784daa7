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

    /** When the latest question was asked that the replica answered. */
    private volatile @Nullable Long asked;

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

    /**
     * Whether it is still the server that the known position is of, for somebody who is connected to it since then. A
     * server that crashed comes back with less than it had, and no connection lasts through that.
     */
    boolean isKnownTo(long connectedSince) {
        Long latest = asked;
        return replica != null && latest != null && latest - connectedSince > 0;
    }

    /** Everything up to here can be read from it. */
    Optional<Position> reached() {
        return Optional.ofNullable(replica).map(Noticed::position);
    }

    /**
     * What anybody was shown up to here can be read from the primary now. That holds for commits before the position that
     * the primary gave last, and not for one that ends there: it may have been flushed while it still waited for the
     * replica's confirmation, and nobody saw it.
     */
    Optional<Position> primaryIncluded() {
        return Optional.ofNullable(primary)
                .map(Noticed::position)
                .filter(position -> position.lsn() > 0)
                .map(position -> new Position(position.timeline(), position.lsn() - 1));
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

    /** @param when when the question was asked that this answers */
    synchronized void replicaAnswered(Position answered, long when) {
        // A read may have seen more since it was asked.
        Noticed known = replica;
        Position reached = known != null && known.position.includes(answered) ? known.position : answered;
        replica = new Noticed(reached, nanoTime.getAsLong());
        asked = when;
        synchronized (ahead) {
            while (!ahead.isEmpty() && reached.compareTo(ahead.peekFirst().position) >= 0) {
                ahead.removeFirst();
            }
        }
        Long resting = restingSince;
        if (resting != null && when - resting > 0) {
            restingSince = null;
        }
    }

    /** A read of it found that it has this. */
    synchronized void replicaHas(Position reached) {
        Noticed known = replica;
        if (known != null && reached.includes(known.position)) {
            replica = new Noticed(reached, known.at);
        }
    }

    /** It does not answer, or is no replica. */
    synchronized void replicaIsAway() {
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
