package dev.meridian.orders.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.dao.TransientDataAccessResourceException;

@Timeout(60)
class GroupCommitTest {

    private static final int GROUP = 8;
    private static final int QUEUE = 2_000;
    private static final Duration LONG = Duration.ofSeconds(30);

    /** A database of a kind: it notes what was written, and what is to happen to a group is set by each test. */
    private static final class Database implements GroupCommit.Writer<Integer, String> {

        interface Happening {
            void on(List<Integer> group) throws Exception;
        }

        private final List<List<Integer>> groups = new CopyOnWriteArrayList<>();
        private final Map<Integer, Integer> written = new ConcurrentHashMap<>();
        private volatile Happening before = group -> {};
        private volatile boolean repeats = true;

        @Override
        public List<String> write(List<Integer> items) {
            groups.add(items);
            try {
                before.on(items);
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            items.forEach(item -> written.merge(item, 1, Integer::sum));
            return items.stream().map(item -> "result " + item).toList();
        }

        @Override
        public boolean mayPassAlone(RuntimeException failure, int size) {
            return repeats && size > 1;
        }
    }

    private final Database database = new Database();
    private final List<Thread> threads = new ArrayList<>();

    private GroupCommit<Integer, String> commit(int writers, Duration timeout) {
        return commit(writers, Duration.ZERO, timeout);
    }

    private GroupCommit<Integer, String> commit(int writers, Duration pause, Duration timeout) {
        return new GroupCommit<>(database, new GroupCommit.Limits(GROUP, QUEUE, writers, pause, timeout));
    }

    private final GroupCommit<Integer, String> commit = commit(1, LONG);

    @AfterEach
    void end() throws InterruptedException {
        for (Thread thread : threads) {
            thread.interrupt();
            thread.join(LONG);
        }
    }

    /** Holds the first group that is written until it is let go; those who come meanwhile wait. */
    private final class Held {

        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch leave = new CountDownLatch(1);
        private final AtomicBoolean first = new AtomicBoolean(true);

        private void await() throws InterruptedException {
            if (first.getAndSet(false)) {
                entered.countDown();
                assertThat(leave.await(40, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    private static void reached(CountDownLatch latch) throws InterruptedException {
        assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    }

    /** A thread that writes an item, and waits by the time that this returns. */
    private Thread waiting(GroupCommit<Integer, String> by, int item, AtomicReference<Object> result) {
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                result.set(by.write(item));
            } catch (Throwable e) {
                result.set(e);
            }
        });
        threads.add(thread);
        await().atMost(LONG).until(() -> thread.getState() == Thread.State.TIMED_WAITING);
        return thread;
    }

    private static Object result(AtomicReference<Object> result) {
        await().atMost(LONG).until(() -> result.get() != null);
        return result.get();
    }

    @Test
    void anItemThatMeetsNoOtherIsWrittenAtOnce() {
        assertThat(commit.write(1)).isEqualTo("result 1");
        assertThat(database.groups).containsExactly(List.of(1));
    }

    @Test
    void itemsThatComeMeanwhileShareTheNextGroupsInTheirOrder() throws Exception {
        Held held = new Held();
        database.before = group -> held.await();
        List<AtomicReference<Object>> results = new ArrayList<>();
        AtomicReference<Object> first = new AtomicReference<>();
        threads.add(Thread.ofVirtual().start(() -> first.set(commit.write(0))));
        reached(held.entered);
        for (int item = 1; item <= GROUP + 2; item++) {
            results.add(new AtomicReference<>());
            waiting(commit, item, results.getLast());
        }
        held.leave.countDown();

        assertThat(result(first)).isEqualTo("result 0");
        for (int item = 1; item <= GROUP + 2; item++) {
            assertThat(result(results.get(item - 1))).isEqualTo("result " + item);
        }
        assertThat(database.groups)
                .containsExactly(
                        List.of(0), IntStream.rangeClosed(1, GROUP).boxed().toList(), List.of(GROUP + 1, GROUP + 2));
    }

    @Test
    void groupsBeginAPauseApartWhateverWritersAreFree() {
        Duration pause = Duration.ofSeconds(1);
        GroupCommit<Integer, String> paced = commit(2, pause, LONG);
        List<Long> begun = new CopyOnWriteArrayList<>();
        database.before = group -> begun.add(System.nanoTime());
        paced.write(0);
        List<AtomicReference<Object>> results = new ArrayList<>();
        for (int item = 1; item <= GROUP + 1; item++) {
            results.add(new AtomicReference<>());
            waiting(paced, item, results.getLast());
        }

        assertThat(results).allSatisfy(result -> assertThat(result(result)).isInstanceOf(String.class));
        assertThat(database.groups)
                .containsExactly(
                        List.of(0), IntStream.rangeClosed(1, GROUP).boxed().toList(), List.of(GROUP + 1));
        assertThat(begun.get(1) - begun.get(0)).isGreaterThan(pause.toNanos() / 2);
        assertThat(begun.get(2) - begun.get(1)).isGreaterThan(pause.toNanos() / 2);
    }

    /** A commit takes its time. */
    private static void commits() {
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    }

    @Test
    void aThousandThreadsLoseNothingAndAreAnsweredOnce() throws Exception {
        database.before = group -> commits();

        assertThat(answers(commit, 1_000))
                .allSatisfy((item, answer) -> assertThat(answer).isEqualTo("result " + item));
        assertThat(database.written)
                .hasSize(1_000)
                .allSatisfy((item, times) -> assertThat(times).isEqualTo(1));
        assertThat(database.groups).allSatisfy(group -> assertThat(group).hasSizeLessThanOrEqualTo(GROUP));
        assertThat(database.groups).anySatisfy(group -> assertThat(group).hasSizeGreaterThan(1));
    }

    /** Exceptions, Errors and guilty members all at once: each thread still gets the answer to its own item, once. */
    @Test
    void aThousandThreadsAreAllAnsweredWhileWritersFail() throws Exception {
        AtomicInteger writes = new AtomicInteger();
        database.before = group -> {
            commits();
            if (group.size() == 1 && group.getFirst() % 31 == 0) {
                throw new IllegalArgumentException("guilty");
            }
            if (group.size() > 1) {
                if (group.stream().anyMatch(item -> item % 31 == 0)) {
                    throw new IllegalArgumentException("guilty");
                }
                if (writes.incrementAndGet() % 5 == 0) {
                    throw new StackOverflowError();
                }
            }
        };

        Map<Integer, Object> answers = answers(commit, 1_000);

        for (Map.Entry<Integer, Object> answer : answers.entrySet()) {
            int item = answer.getKey();
            if (item % 31 == 0) {
                assertThat(answer.getValue()).isInstanceOf(IllegalArgumentException.class);
                assertThat(database.written).doesNotContainKey(item);
            } else {
                assertThat(answer.getValue()).isEqualTo("result " + item);
                assertThat(database.written).containsEntry(item, 1);
            }
        }
        assertThat(writes.get()).isGreaterThanOrEqualTo(5);
    }

    private Map<Integer, Object> answers(GroupCommit<Integer, String> by, int count) throws Exception {
        Map<Integer, Future<String>> futures = new ConcurrentHashMap<>();
        CountDownLatch start = new CountDownLatch(1);
        try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int item = 0; item < count; item++) {
                int mine = item;
                futures.put(item, pool.submit(() -> {
                    reached(start);
                    return by.write(mine);
                }));
            }
            start.countDown();
        }
        Map<Integer, Object> answers = new ConcurrentHashMap<>();
        for (Map.Entry<Integer, Future<String>> future : futures.entrySet()) {
            try {
                answers.put(future.getKey(), future.getValue().get(30, TimeUnit.SECONDS));
            } catch (ExecutionException e) {
                answers.put(future.getKey(), e.getCause());
            }
        }
        assertThat(answers).hasSize(count);
        return answers;
    }

    @Test
    void aGuiltyItemFailsAloneAndEachOfItsGroupIsWrittenByItself() throws Exception {
        Held held = new Held();
        database.before = group -> {
            held.await();
            if (group.contains(2)) {
                throw new IllegalArgumentException("guilty");
            }
        };
        List<AtomicReference<Object>> results = groupBehind(held, 1, 2, 3);
        held.leave.countDown();

        assertThat(result(results.get(0))).isEqualTo("result 1");
        assertThat(result(results.get(1))).isInstanceOf(IllegalArgumentException.class);
        assertThat(result(results.get(2))).isEqualTo("result 3");
        assertThat(database.groups)
                .containsExactlyInAnyOrder(List.of(0), List.of(1, 2, 3), List.of(1), List.of(2), List.of(3));
    }

    @Test
    void aFailureThatIsNoItemsFaultIsNotRepeated() throws Exception {
        Held held = new Held();
        database.repeats = false;
        database.before = group -> {
            held.await();
            if (group.size() > 1) {
                throw new IllegalStateException("nothing works");
            }
        };
        List<AtomicReference<Object>> results = groupBehind(held, 1, 2, 3);
        held.leave.countDown();

        assertThat(results).allSatisfy(result -> assertThat(result(result)).isInstanceOf(IllegalStateException.class));
        assertThat(database.groups).containsExactly(List.of(0), List.of(1, 2, 3));
        assertThat(commit.write(4)).isEqualTo("result 4");
    }

    /** Threads that wait behind a held one, and so form a group. */
    private List<AtomicReference<Object>> groupBehind(Held held, int... items) throws InterruptedException {
        threads.add(Thread.ofVirtual().start(() -> commit.write(0)));
        reached(held.entered);
        List<AtomicReference<Object>> results = new ArrayList<>();
        for (int item : items) {
            results.add(new AtomicReference<>());
            waiting(commit, item, results.getLast());
        }
        return results;
    }

    @Test
    void anErrorLeavesItsGroupToEachAndEndsNoWriter() throws Exception {
        Held held = new Held();
        database.before = group -> {
            held.await();
            if (group.size() > 1) {
                throw new LinkageError("of the test");
            }
        };
        List<AtomicReference<Object>> results = groupBehind(held, 1, 2, 3);
        held.leave.countDown();

        for (int item = 1; item <= 3; item++) {
            assertThat(result(results.get(item - 1))).isEqualTo("result " + item);
        }
        assertThat(commit.write(4)).isEqualTo("result 4");
    }

    @Test
    void aWriterThatHangsHoldsUpItsOwnGroupAloneWhichIsAnsweredInTime() throws Exception {
        GroupCommit<Integer, String> two = commit(2, Duration.ofSeconds(3));
        Held held = new Held();
        database.before = group -> held.await();
        AtomicReference<Object> hanging = new AtomicReference<>();
        waiting(two, 1, hanging);
        reached(held.entered);

        assertThat(two.write(2)).isEqualTo("result 2");
        assertThat(two.write(3)).isEqualTo("result 3");
        assertThat(result(hanging)).isInstanceOf(TransientDataAccessResourceException.class);
        held.leave.countDown();
        await().atMost(LONG).until(() -> database.written.containsKey(1));
    }

    @Test
    void noMoreGroupsThanThereAreWritersAreWrittenAtTheSameTime() throws Exception {
        GroupCommit<Integer, String> two = commit(2, LONG);
        AtomicInteger writing = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        database.before = group -> {
            most.accumulateAndGet(writing.incrementAndGet(), Math::max);
            commits();
            writing.decrementAndGet();
        };

        assertThat(answers(two, 500))
                .allSatisfy((item, answer) -> assertThat(answer).isEqualTo("result " + item));
        assertThat(most).hasValue(2);
    }

    @Test
    void anInterruptedThreadIsAnsweredAndItsItemIsNotWritten() throws Exception {
        Held held = new Held();
        database.before = group -> held.await();
        threads.add(Thread.ofVirtual().start(() -> commit.write(0)));
        reached(held.entered);
        AtomicReference<Object> result = new AtomicReference<>();
        waiting(commit, 1, result).interrupt();

        assertThat(result(result)).isInstanceOf(TransientDataAccessResourceException.class);
        held.leave.countDown();
        assertThat(commit.write(2)).isEqualTo("result 2");
        assertThat(database.written).doesNotContainKey(1);
    }

    @Test
    void anItemThatFindsTheQueueFullIsRefusedAtOnce() throws Exception {
        var small = new GroupCommit<>(database, new GroupCommit.Limits(GROUP, 1, 1, Duration.ZERO, LONG));
        Held held = new Held();
        database.before = group -> held.await();
        threads.add(Thread.ofVirtual().start(() -> small.write(0)));
        reached(held.entered);
        AtomicReference<Object> waits = new AtomicReference<>();
        waiting(small, 1, waits);

        assertThatThrownBy(() -> small.write(2)).isInstanceOf(TransientDataAccessResourceException.class);
        held.leave.countDown();
        assertThat(result(waits)).isEqualTo("result 1");
        assertThat(database.written).doesNotContainKey(2);
    }
}
