/** The Kafka broker, and the topics and share groups that every environment has. */
@NullMarked
package dev.meridian.local.kafka;

import org.jspecify.annotations.NullMarked;
