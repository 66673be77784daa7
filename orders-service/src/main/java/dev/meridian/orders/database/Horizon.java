package dev.meridian.orders.database;

import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How far a caller has seen: a position such that whatever the caller was shown, or wrote, is at or before it. Reads
 * within {@link #call} never answer from a state before it, and move it on. Belongs to one thread.
 */
public final class Horizon {

    private static final ScopedValue<Horizon> CURRENT = ScopedValue.newInstance();

    private final Consumer<Position> moved;
    private @Nullable Position position;
    private @Nullable Position covered;

    private Horizon(@Nullable Position position, Consumer<Position> moved) {
        this.position = position;
        this.moved = moved;
    }

    /** @param position null for a caller who has seen nothing */
    public static Horizon at(@Nullable Position position) {
        return new Horizon(position, any -> {});
    }

    /** @param moved hears of the caller's position each time that something was shown or written */
    public static Horizon at(@Nullable Position position, Consumer<Position> moved) {
        return new Horizon(position, moved);
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

    public Optional<Position> position() {
        return Optional.ofNullable(position);
    }

    /**
     * What the latest read was sure to include: everything up to this position. Nothing where that is unknown.
     */
    public Optional<Position> covered() {
        return Optional.ofNullable(covered);
    }

    void saw(Position seen) {
        Position later = Position.later(position, seen);
        position = later;
        if (later != null) {
            moved.accept(later);
        }
    }

    void covers(@Nullable Position everything) {
        covered = everything;
    }
}
