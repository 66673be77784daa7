package dev.meridian.orders.order.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.RunningService;
import dev.meridian.orders.order.OrderChanged;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

@RunningService
class CacheRefreshTest {

    private final CacheRefresh refresh;
    private final OrderCache cache;
    private final MeterRegistry metrics;
    private final UUID id = UUID.randomUUID();

    @Autowired
    CacheRefreshTest(CacheRefresh refresh, OrderCache cache, MeterRegistry metrics) {
        this.refresh = refresh;
        this.cache = cache;
        this.metrics = metrics;
    }

    private static ConsumerRecord<String, byte[]> record(@Nullable String type, @Nullable String value) {
        var record = new ConsumerRecord<String, byte[]>(
                OrderChanged.TOPIC, 0, 0, "key", value == null ? null : value.getBytes(StandardCharsets.UTF_8));
        if (type != null) {
            record.headers().add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        }
        return record;
    }

    private static ConsumerRecord<String, byte[]> changed(@Nullable String value) {
        return record(OrderChanged.TYPE, value);
    }

    private static String change(UUID id, String version, String status) {
        return """
                {"customer":"alice","order":{"id":"%s","version":%s,"status":"%s"}}""".formatted(id, version, status);
    }

    private OrderCache.Entry cached(UUID id) {
        return ((OrderCache.Lookup.Hit) cache.find(id)).entry();
    }

    @Test
    void whatIsNoChangeIsPassedOverAndCountedAndTheRestIsStored() {
        double before = metrics.counter("meridian.changes.unreadable").count();
        List<ConsumerRecord<String, byte[]>> records = new ArrayList<>(List.of(
                changed(null),
                changed(""),
                changed("no json"),
                changed("[1,2]"),
                changed("null"),
                changed("{}"),
                changed("{\"customer\":\"alice\",\"order\":null}"),
                changed("{\"customer\":\"alice\",\"order\":{\"id\":\"" + id + "\"}}"),
                changed("{\"order\":{\"id\":\"" + id + "\",\"version\":9,\"status\":\"CONFIRMED\"}}"),
                changed(change(id, "0", "CONFIRMED")),
                changed(change(id, "-3", "CONFIRMED")),
                changed(change(id, "\"nine\"", "CONFIRMED")),
                changed(change(id, "9", "CONFIRMED").replace(id.toString(), "not-an-id")),
                record(null, change(id, "9", "CONFIRMED")),
                record("dev.meridian.order.imagined", change(id, "9", "CONFIRMED"))));
        int unreadable = records.size();
        records.add(7, changed(change(id, "2", "CONFIRMED")));

        refresh.refresh(records);

        assertThat(cached(id).version()).isEqualTo(2);
        assertThat(metrics.counter("meridian.changes.unreadable").count() - before)
                .isEqualTo(unreadable);
    }

    @Test
    void fieldsOfALaterTimeAreKeptAndNotMinded() {
        refresh.refresh(List.of(changed("""
                {"since":1,"customer":"alice","order":{"id":"%s","version":2,"status":"REJECTED","colour":"red"}}""".formatted(id))));

        assertThat(cached(id).json()).contains("\"colour\":\"red\"");
        assertThat(cached(id).settled()).isTrue();
    }

    @Test
    void aStatusOfALaterTimeReplacesWhatIsThereAndIsNotTakenForTheLast() {
        refresh.refresh(List.of(changed(change(id, "2", "SHIPPED"))));
        assertThat(cache.find(id)).isInstanceOf(OrderCache.Lookup.Miss.class);

        refresh.refresh(List.of(changed(change(id, "2", "CONFIRMED")), changed(change(id, "3", "SHIPPED"))));
        assertThat(cached(id).version()).isEqualTo(3);
        assertThat(cached(id).settled()).isFalse();
    }

    @Test
    void anEntryOfTheFeedSaysHowFarItsReadersHaveSeen() {
        refresh.refresh(List.of(changed(change(id, "2", "CONFIRMED"))));

        assertThat(cached(id).shown()).isNotNull();
    }

    @Test
    void manyChangesAreStoredTheLatestOfEachOrder() {
        List<UUID> ids = new ArrayList<>();
        List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            UUID each = UUID.randomUUID();
            ids.add(each);
            records.add(changed(change(each, "3", "CONFIRMED")));
            records.add(changed(change(each, "2", "CONFIRMED")));
        }

        refresh.refresh(records);

        assertThat(ids).allSatisfy(each -> assertThat(cached(each).version()).isEqualTo(3));
    }
}
