package dev.meridian.local.kafka;

import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.SaslConfigs;

/** How a Kafka client of any kind logs in. */
public final class KafkaLogin {

    /** Who may do everything at the broker. */
    public static final String ADMINISTRATOR = "admin";

    private KafkaLogin() {}

    /**
     * The client's settings.
     *
     * @param password without quotation marks and backslashes
     */
    public static Map<String, Object> settings(String bootstrapServers, String user, String password) {
        return Map.of(
                CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                CommonClientConfigs.SECURITY_PROTOCOL_CONFIG,
                "SASL_PLAINTEXT",
                SaslConfigs.SASL_MECHANISM,
                "PLAIN",
                SaslConfigs.SASL_JAAS_CONFIG,
                "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"" + user + "\" password=\""
                        + password + "\";");
    }
}
