package dev.meridian.local;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What a PostgreSQL server is there for. It changes with a promotion; names and addresses do not. */
public enum PostgresRole {
    /** Takes the writes. */
    PRIMARY,
    /** Streams what the primary wrote, and only reads. */
    REPLICA;

    @Override
    @JsonValue
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
