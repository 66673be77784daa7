package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueuedRecordTest {

    private static final String TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    @Test
    void carriesAWellFormedTrace() {
        assertThat(withTrace(TRACE.getBytes(StandardCharsets.UTF_8)).traceparent())
                .isEqualTo(TRACE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "garbage",
                TRACE + "\u0000",
                "\u0000" + TRACE,
                TRACE + "\n",
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"
            })
    void carriesNoOtherTrace(String trace) {
        assertThat(withTrace(trace.getBytes(StandardCharsets.UTF_8)).traceparent())
                .isNull();
    }

    @Test
    void takesAHeaderWithoutValueForNone() {
        ConsumerRecord<String, byte[]> consumed = Fixtures.record(null, null, Map.of(), 1);
        consumed.headers().add("traceparent", null).add("ce_type", null);

        QueuedRecord record = QueuedRecord.of(consumed);

        assertThat(record.traceparent()).isNull();
        assertThat(record.type()).isNull();
    }

    private static QueuedRecord withTrace(byte[] trace) {
        return QueuedRecord.of(Fixtures.record("key", new byte[0], Map.of("traceparent", trace), 1));
    }
}
