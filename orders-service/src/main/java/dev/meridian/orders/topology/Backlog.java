package dev.meridian.orders.topology;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.stereotype.Component;

/** What waits in the queue, as the broker tells of its share group. */
@Component
public class Backlog implements DisposableBean {

    private final KafkaAdmin configured;
    private final TopologySettings settings;
    private @Nullable Admin admin;

    Backlog(KafkaAdmin configured, TopologySettings settings) {
        this.configured = configured;
        this.settings = settings;
    }

    /** The records that no worker has finished; those that a worker holds count as waiting. */
    public long waiting(Duration timeout) throws ExecutionException, InterruptedException, TimeoutException {
        int millis = Math.toIntExact(timeout.toMillis());
        Map<TopicPartition, SharePartitionOffsetInfo> partitions = admin().listShareGroupOffsets(
                        Map.of(settings.queue(), new ListShareGroupOffsetsSpec()),
                        new ListShareGroupOffsetsOptions().timeoutMs(millis))
                .partitionsToOffsetInfo(settings.queue())
                .get(millis, TimeUnit.MILLISECONDS);
        long waiting = 0;
        Set<TopicPartition> untouched = new HashSet<>();
        for (var partition : partitions.entrySet()) {
            SharePartitionOffsetInfo info = partition.getValue();
            if (info != null && info.startOffset() >= 0 && info.lag().isPresent()) {
                waiting += info.lag().get();
            } else {
                untouched.add(partition.getKey());
            }
        }
        return untouched.isEmpty() ? waiting : waiting + all(untouched, millis);
    }

    /** Everything in partitions of which the group has finished nothing yet: the broker tells no lag for them. */
    private long all(Set<TopicPartition> partitions, int millis)
            throws ExecutionException, InterruptedException, TimeoutException {
        var options = new ListOffsetsOptions().timeoutMs(millis);
        Map<TopicPartition, OffsetSpec> first = new HashMap<>();
        Map<TopicPartition, OffsetSpec> end = new HashMap<>();
        partitions.forEach(partition -> {
            first.put(partition, OffsetSpec.earliest());
            end.put(partition, OffsetSpec.latest());
        });
        var firsts = admin().listOffsets(first, options).all();
        var ends = admin().listOffsets(end, options).all();
        long all = 0;
        for (var offset : ends.get(millis, TimeUnit.MILLISECONDS).values()) {
            all += offset.offset();
        }
        for (var offset : firsts.get(millis, TimeUnit.MILLISECONDS).values()) {
            all -= offset.offset();
        }
        return all;
    }

    /** Made when somebody looks for the first time: most instances never need it. */
    private synchronized Admin admin() {
        Admin known = admin;
        if (known == null) {
            Map<String, Object> properties = new HashMap<>(configured.getConfigurationProperties());
            properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, "1000");
            properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, "2000");
            known = Admin.create(properties);
            admin = known;
        }
        return known;
    }

    @Override
    public synchronized void destroy() {
        if (admin != null) {
            admin.close(Duration.ofSeconds(1));
        }
    }
}
