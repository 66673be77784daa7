package dev.meridian.orders;

import java.util.Map;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;

/** Sends what other services would: this one may not. */
public final class OtherServices {

    private OtherServices() {}

    /** @param administrator how that one connects */
    public static KafkaTemplate<String, String> template(Map<String, Object> administrator) {
        return new KafkaTemplate<>(
                new DefaultKafkaProducerFactory<>(administrator, new StringSerializer(), new StringSerializer()));
    }
}
