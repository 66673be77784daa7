package dev.meridian.orders.live.web;

import dev.meridian.orders.live.OrderVersion;
import dev.meridian.orders.live.Watch;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * @param first the state to begin with; null where the client has it
 * @param retry how long the client should wait before it comes back
 * @param end when the client has to come back
 */
record Stream(Watch watch, @Nullable OrderVersion first, Duration retry, Instant end) {}
