package dev.meridian.orders.database;

import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How far a caller has seen: a position such that whatever the caller was shown, or wrote, is at or before it. Reads
 * within {@link #call} never answer from a state before it, and move it on. Belongs to one thread.
 */
public final class Horizon {

    private static final ScopedValue<Horizon> CURRENT = ScopedValue.newInstance();

    private final Consumer<Position> moved;
    private @Nullable Position position;
    private final boolean onPrimary;
    private @Nullable Position seen;
    private @Nullable Position covered;
    private boolean fromReplica;

    private Horizon(@Nullable Position position, boolean onPrimary, Consumer<Position> moved) {
        this.position = position;
        this.onPrimary = onPrimary;
        this.moved = moved;
    }

    /** @param position null for a caller who has seen nothing */
    public static Horizon at(@Nullable Position position) {
        return new Horizon(position, false, any -> {});
    }

    /** For one who must know what is so now: reads go to the primary. */
    public static Horizon now(@Nullable Position position) {
        return new Horizon(position, true, any -> {});
    }

    /** @param moved hears of the caller's position each time that something was shown or written */
    public static Horizon at(@Nullable Position position, Consumer<Position> moved) {
        return new Horizon(position, false, moved);
    }

    /** The one of the work in progress; nothing outside of {@link #call}. */
    public static Optional<Horizon> current() {
        return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
    }

    /** Where {@link #current} stands; null where there is none, or it has seen nothing. */
    public static @Nullable Position required() {
        return CURRENT.isBound() ? CURRENT.get().position : null;
    }

    /** Tells {@link #current}, if there is one, that what it is shown lies at or before this position. */
    public static void show(@Nullable Position seen) {
        if (seen != null && CURRENT.isBound()) {
            CURRENT.get().saw(seen);
        }
    }

    public <T extends @Nullable Object> T call(Callable<T> work) throws Exception {
        return ScopedValue.where(CURRENT, this).call(work::call);
    }

    public <T extends @Nullable Object> T get(Supplier<T> work) {
        return ScopedValue.where(CURRENT, this).call(work::get);
    }

    /** What was shown or written within it lies at or before this; nothing where nothing was. */
    public Optional<Position> seen() {
        return Optional.ofNullable(seen);
    }

    /** What the latest read was sure to include: everything up to this. Nothing where that is unknown. */
    public Optional<Position> covered() {
        return Optional.ofNullable(covered);
    }

    void saw(Position at) {
        seen = Position.later(seen, at);
        if (covered != null && covered.timeline() != at.timeline()) {
            covered = null; // one server was asked how far it is, and another one read
        }
        Position later = Position.later(position, at);
        position = later;
        if (later != null) {
            moved.accept(later);
        }
    }

    /** Whether the latest read was answered by the replica. */
    public boolean fromReplica() {
        return fromReplica;
    }

    boolean onPrimary() {
        return onPrimary;
    }

    void reads(boolean replica, @Nullable Position everything) {
        fromReplica = replica;
        covered = everything;
    }
}
