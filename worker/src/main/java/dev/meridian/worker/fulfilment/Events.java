package dev.meridian.worker.fulfilment;

import dev.meridian.worker.queue.UnreadableEvent;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Reads the values of records as the events that they are. */
@Component
class Events {

    private final JsonMapper json;

    Events(JsonMapper json) {
        this.json = json;
    }

    /** @throws UnreadableEvent when the value is not such an event */
    <E> E read(ConsumerRecord<String, byte[]> record, Class<E> type) {
        E event;
        try {
            event = json.readValue(record.value(), type);
        } catch (JacksonException e) {
            throw new UnreadableEvent("not an " + type.getSimpleName() + ": " + e.getMessage(), e);
        }
        if (event == null) {
            throw new UnreadableEvent("not an " + type.getSimpleName() + ": null");
        }
        return event;
    }
}
