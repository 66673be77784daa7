package dev.meridian.orders.deadletters;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record that this service can make nothing of.
 *
 * @param reason in a line, for operators
 */
public record UnreadableRecord(ConsumerRecord<String, byte[]> record, String reason) {}
