package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** When the replica may answer a read. Time is what the test says it is. */
class ReplicaTest {

    private final AtomicLong now = new AtomicLong(-5); // nanoTime may be negative
    private final Replica replica = new Replica(Duration.ofSeconds(1), Duration.ofSeconds(5), now::get);

    private static Position at(long lsn) {
        return new Position(1, lsn);
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private void answers(long lsn) {
        replica.replicaAnswered(at(lsn), now.get());
    }

    @Test
    void unknownItServesNothing() {
        assertThat(replica.serves(null)).isFalse();
    }

    @Test
    void itServesWhatItHasReplayed() {
        answers(100);

        assertThat(replica.serves(null)).isTrue();
        assertThat(replica.serves(at(100))).isTrue();
        assertThat(replica.serves(at(101))).isFalse();
        assertThat(replica.serves(new Position(2, 50))).isFalse();
    }

    @Test
    void whatAReadFoundThereIsKnownToo() {
        replica.replicaHas(at(300));
        assertThat(replica.serves(at(300))).isFalse();

        answers(100);
        replica.replicaHas(at(200));
        assertThat(replica.serves(at(200))).isTrue();
        replica.replicaHas(at(150));
        answers(190); // asked before that read
        assertThat(replica.serves(at(200))).isTrue();
        replica.replicaHas(new Position(2, 900));
        assertThat(replica.serves(new Position(2, 900))).isFalse();
    }

    @Test
    void anAnswerCountsForAWhile() {
        answers(100);
        pass(Duration.ofMillis(1_000));
        assertThat(replica.serves(null)).isTrue();
        pass(Duration.ofMillis(1));
        assertThat(replica.serves(null)).isFalse();
    }

    @Test
    void awayItServesNothing() {
        answers(100);
        replica.replicaIsAway();
        assertThat(replica.serves(null)).isFalse();
    }

    @Test
    void afterAFailureItRestsUntilItAnswersAQuestionAskedSince() {
        answers(100);
        long asked = now.get();
        pass(Duration.ofMillis(10));
        replica.rest();
        assertThat(replica.serves(null)).isFalse();

        pass(Duration.ofMillis(10));
        replica.replicaAnswered(at(100), asked);
        assertThat(replica.serves(null)).isFalse();

        answers(100);
        assertThat(replica.serves(null)).isTrue();
    }

    @Test
    void itsLagIsTheAgeOfTheOldestPositionThatItHasNotReached() {
        answers(100);
        replica.primaryAnswered(at(100));
        assertThat(replica.lag()).contains(Duration.ZERO);

        replica.primaryAnswered(at(200));
        pass(Duration.ofMillis(400));
        replica.primaryAnswered(at(300));
        pass(Duration.ofMillis(400));
        answers(150);
        assertThat(replica.lag()).contains(Duration.ofMillis(800));

        answers(200);
        assertThat(replica.lag()).contains(Duration.ofMillis(400));
        answers(300);
        assertThat(replica.lag()).contains(Duration.ZERO);
    }

    @Test
    void tooFarBehindItIsLeftAlone() {
        answers(100);
        replica.primaryAnswered(at(200));
        for (int i = 0; i < 10; i++) {
            assertThat(replica.serves(null)).as("after %d half seconds", i).isTrue();
            pass(Duration.ofMillis(500));
            answers(100);
            replica.primaryAnswered(at(200 + i));
        }
        pass(Duration.ofMillis(1));
        assertThat(replica.serves(null)).isFalse();

        answers(300);
        assertThat(replica.serves(null)).isTrue();
    }

    /** What a dead primary wrote last may never come, and there is nothing newer anywhere. */
    @Test
    void withoutAPrimaryItIsNotBehind() {
        answers(100);
        replica.primaryAnswered(at(200));
        pass(Duration.ofSeconds(10));
        answers(100);

        assertThat(replica.lag()).isEmpty();
        assertThat(replica.serves(null)).isTrue();
    }

    @Test
    void aDayWithoutFollowingIsRememberedInBoundedSpace() {
        answers(100);
        for (int i = 1; i <= 100_000; i++) {
            replica.primaryAnswered(at(100 + i));
        }
        pass(Duration.ofMillis(900));
        answers(100);
        assertThat(replica.lag()).contains(Duration.ofMillis(900));
    }
}
