package dev.meridian.local;

import com.fasterxml.jackson.annotation.JsonValue;

/** What a PostgreSQL server is there for. It changes with a promotion; names and addresses do not. */
public enum PostgresRole {
    /** Takes the writes. */
    PRIMARY("primary"),
    /** Streams what the primary wrote, and only reads. */
    REPLICA("replica");

    private final String label;

    PostgresRole(String label) {
        this.label = label;
    }

    @Override
    @JsonValue
    public String toString() {
        return label;
    }
}
