/** Relays of outbox records to Kafka, side by side. */
@NullMarked
package dev.meridian.benchmarks.outbox;

import org.jspecify.annotations.NullMarked;
