package dev.meridian.orders.database;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A place in the database's write-ahead log. Positions of one timeline lie in the order in which things happened; a
 * later timeline, which begins with a promotion, comes after an earlier one. The text of a position is of fixed width,
 * so that texts compare as positions do.
 *
 * @param timeline from 1
 * @param lsn the byte in the log (PostgreSQL's pg_lsn as a number)
 */
public record Position(long timeline, long lsn) implements Comparable<Position> {

    private static final Pattern TEXT = Pattern.compile("([0-9A-Fa-f]{1,8})-([0-9A-Fa-f]{1,16})");
    private static final long LAST_TIMELINE = 0xFFFF_FFFFL;

    public Position {
        if (timeline < 1 || timeline > LAST_TIMELINE) {
            throw new IllegalArgumentException("There is no timeline " + timeline);
        }
        if (lsn < 0) {
            throw new IllegalArgumentException("There is no position " + lsn);
        }
    }

    /** Nothing for anything that is not the text of a position. */
    public static Optional<Position> parse(@Nullable String text) {
        if (text == null) {
            return Optional.empty();
        }
        var match = TEXT.matcher(text);
        if (!match.matches()) {
            return Optional.empty();
        }
        long timeline = Long.parseLong(match.group(1), 16);
        long lsn = Long.parseUnsignedLong(match.group(2), 16);
        return timeline >= 1 && lsn >= 0 ? Optional.of(new Position(timeline, lsn)) : Optional.empty();
    }

    /** The later of two, either of which may be unknown. */
    public static @Nullable Position later(@Nullable Position one, @Nullable Position other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return one.compareTo(other) >= 0 ? one : other;
    }

    /**
     * Whether a server that has come as far as this has everything up to the other. Timelines part, so a position of
     * one says nothing about another.
     */
    public boolean includes(Position other) {
        return timeline == other.timeline && lsn >= other.lsn;
    }

    @Override
    public int compareTo(Position other) {
        return timeline == other.timeline ? Long.compare(lsn, other.lsn) : Long.compare(timeline, other.timeline);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%08X-%016X", timeline, lsn);
    }
}
