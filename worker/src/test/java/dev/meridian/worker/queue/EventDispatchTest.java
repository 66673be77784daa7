package dev.meridian.worker.queue;

import static dev.meridian.worker.queue.Fixtures.LATER;
import static dev.meridian.worker.queue.Fixtures.queued;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.meridian.worker.queue.Fixtures.Handler;
import dev.meridian.worker.queue.Fixtures.Told;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class EventDispatchTest {

    private final Handler handler = new Handler();
    private final RetryTable table = mock();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final EventDispatch dispatch =
            new EventDispatch(List.of(handler), JsonMapper.builder().build(), table, meters);

    @BeforeEach
    void databaseAnswers() {
        when(table.isWritable()).thenReturn(true);
    }

    @Test
    void handlesRecordsTogether() {
        assertThat(dispatch.dispatch(events("a", "b", "c"), LATER)).isEmpty();

        assertThat(handler.batches).hasSize(1);
        assertThat(handler.texts()).containsExactly("a", "b", "c");
        assertThat(meters.timer("meridian.queue.handling", "type", Fixtures.TYPE)
                        .count())
                .isEqualTo(1);
    }

    @Test
    void handlesAnEventThatComesTwiceOnce() {
        UUID orderId = UUID.randomUUID();

        dispatch.dispatch(
                List.of(queued(orderId, "first"), queued(orderId, "again"), queued(UUID.randomUUID(), "other")), LATER);

        assertThat(handler.texts()).containsExactly("first", "other");
    }

    @Test
    void tellsWhatFailedAndWhy() {
        List<QueuedRecord> records = events("good", "bad");
        handler.work = batch -> Map.of(batch.get(1).orderId(), "no\u0000 answer\nat all" + "!".repeat(2_000));

        Failure failure = dispatch.dispatch(records, LATER).getFirst();

        assertThat(failure.record()).isSameAs(records.get(1));
        assertThat(failure.reason())
                .startsWith("no  answer at all!!")
                .hasSize(1_000)
                .doesNotContain("\u0000", "\n");
    }

    @Test
    void takesABatchApartUntilTheGuiltyRecordsAreAlone() {
        List<QueuedRecord> records = IntStream.range(0, 100)
                .mapToObj(i -> queued(UUID.randomUUID(), i == 13 || i == 77 ? "guilty" : "good " + i))
                .toList();
        handler.work = batch -> {
            if (batch.stream().map(Told::text).anyMatch("guilty"::equals)) {
                throw new IllegalStateException("invalid byte sequence");
            }
            return Map.of();
        };

        List<Failure> failures = dispatch.dispatch(records, LATER);

        assertThat(failures).extracting(Failure::record).containsExactly(records.get(13), records.get(77));
        assertThat(failures)
                .extracting(Failure::reason)
                .containsOnly("java.lang.IllegalStateException: invalid byte sequence");
        List<String> handled = handler.batches.stream()
                .filter(batch ->
                        batch.stream().noneMatch(it -> it.event().text().equals("guilty")))
                .flatMap(List::stream)
                .map(received -> received.event().text())
                .toList();
        assertThat(handled).as("each good one, once").hasSize(98).doesNotHaveDuplicates();
        assertThat(handler.batches).hasSizeLessThan(30);
    }

    @Test
    void whatADatabaseThatIsAwayFailsWithIsNobodysFault() {
        when(table.isWritable()).thenReturn(false);
        handler.work = _ -> {
            throw new IllegalStateException("connection refused");
        };

        assertThatThrownBy(() -> dispatch.dispatch(events("a", "b"), LATER)).isInstanceOf(DependencyUnavailable.class);
        assertThat(handler.batches).as("it is not taken apart").hasSize(1);
    }

    @Test
    void aBrokerThatIsAwayIsToldOfAsItIs() {
        handler.work = _ -> {
            throw new DependencyUnavailable("no broker", null);
        };

        assertThatThrownBy(() -> dispatch.dispatch(events("a", "b"), LATER)).hasMessage("no broker");
        assertThat(handler.batches).hasSize(1);
    }

    @Test
    void takesNothingApartForLongerThanItMay() {
        var calls = new AtomicInteger();
        handler.work = _ -> {
            calls.incrementAndGet();
            throw new IllegalStateException("canceling statement due to lock timeout");
        };

        assertThatThrownBy(() -> dispatch.dispatch(events("a", "b", "c", "d"), System.nanoTime() - 1))
                .isInstanceOf(DependencyUnavailable.class);
        assertThat(calls).hasValue(1);
    }

    @Test
    void setsAsideWhatIsNoEventAndHandlesTheRest() {
        QueuedRecord good = queued(UUID.randomUUID(), "good");
        List<QueuedRecord> bad = List.of(
                raw(Fixtures.TYPE, null),
                raw(null, "{}"),
                raw(Fixtures.TYPE, ""),
                raw(Fixtures.TYPE, "null"),
                raw(Fixtures.TYPE, "[]"),
                raw(Fixtures.TYPE, "\u0000\u0001garbage"),
                raw(Fixtures.TYPE, "{\"orderId\":17}"),
                raw(Fixtures.TYPE, "{\"orderId\":\"no uuid\",\"text\":\"a\"}"),
                raw(Fixtures.TYPE, "[".repeat(100_000)));

        List<Failure> failures =
                dispatch.dispatch(Stream.concat(bad.stream(), Stream.of(good)).toList(), LATER);

        assertThat(failures).extracting(Failure::record).containsExactlyInAnyOrderElementsOf(bad);
        assertThat(failures)
                .allMatch(failure ->
                        failure.orderId() == null && !failure.reason().isBlank());
        assertThat(handler.texts()).containsExactly("good");
    }

    @Test
    void passesOverATypeItDoesNotKnow() {
        assertThat(dispatch.dispatch(List.of(raw("celebrated\u0000", "{}")), LATER))
                .isEmpty();
        assertThat(handler.batches).isEmpty();
        assertThat(meters.counter("meridian.queue.unknown.types").count()).isEqualTo(1);
    }

    private static List<QueuedRecord> events(String... texts) {
        return Arrays.stream(texts).map(text -> queued(UUID.randomUUID(), text)).toList();
    }

    private static QueuedRecord raw(@Nullable String type, @Nullable String value) {
        return new QueuedRecord(
                "topic", 0, 17, "key", type, value == null ? null : value.getBytes(StandardCharsets.UTF_8), null, 0);
    }
}
