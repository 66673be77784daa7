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
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.common.TopicPartition;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.stereotype.Component;

/** What waits in the queue, as the broker tells of its share group. */
@Component
public class Backlog {

    private final Admin admin;
    private final TopologySettings settings;

    Backlog(@Lazy Admin admin, TopologySettings settings) {
        this.admin = admin;
        this.settings = settings;
    }

    /** Created at the first look: most instances never need it. */
    @Bean
    @Lazy
    static Admin admin(KafkaAdmin configured) {
        return Admin.create(configured.getConfigurationProperties());
    }

    /** The records that no worker has finished; those that a worker holds count as waiting. */
    public long waiting(Duration timeout) throws ExecutionException, InterruptedException, TimeoutException {
        int millis = Math.toIntExact(timeout.toMillis());
        Map<TopicPartition, SharePartitionOffsetInfo> partitions = admin.listShareGroupOffsets(
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
        // Of partitions of which the group has finished nothing yet the broker tells no lag: all that they hold waits.
        return waiting
                + offsets(untouched, OffsetSpec.latest(), millis)
                - offsets(untouched, OffsetSpec.earliest(), millis);
    }

    /** The sum of them. */
    private long offsets(Set<TopicPartition> partitions, OffsetSpec which, int millis)
            throws ExecutionException, InterruptedException, TimeoutException {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        partitions.forEach(partition -> asked.put(partition, which));
        return admin
                .listOffsets(asked, new ListOffsetsOptions().timeoutMs(millis))
                .all()
                .get(millis, TimeUnit.MILLISECONDS)
                .values()
                .stream()
                .mapToLong(ListOffsetsResultInfo::offset)
                .sum();
    }
}
