package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StandingTest {

    private static final long ROOM = 64 * 1024;

    @Test
    void whatThePrimaryShowedIsFlushed() {
        assertThat(Standing.of(false, 1, 1_000, null).bound()).isEqualTo(new Position(1, 1_000));
    }

    @Test
    void whatTheReplicaShowedMayBeOneRecordAheadButWasReceived() {
        assertThat(Standing.of(true, 1, 1_000, 1_000L).bound()).isEqualTo(new Position(1, 1_000));
        assertThat(Standing.of(true, 1, 1_000, 1_200L).bound()).isEqualTo(new Position(1, 1_200));
        assertThat(Standing.of(true, 1, 1_000, 1_000_000L).bound()).isEqualTo(new Position(1, 1_000 + ROOM));
        assertThat(Standing.of(true, 1, 1_000, 900L).bound()).isEqualTo(new Position(1, 1_000));
        assertThat(Standing.of(true, 1, 1_000, null).bound()).isEqualTo(new Position(1, 1_000 + ROOM));
        assertThat(Standing.of(true, 1, 1_000, 1_000_000L).reached()).isEqualTo(new Position(1, 1_000));
    }
}
