package dev.meridian.orders.order;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param after how long an order waits to be settled before it is emitted again, and then again
 * @param check the pause between two looks for such orders, and between two measurements of the one that waits longest
 * @param batch at most so many orders are emitted again at one look
 */
@ConfigurationProperties("meridian.reemission")
record ReemissionSettings(Duration after, Duration check, int batch) {

    ReemissionSettings {
        if (!after.isPositive() || !check.isPositive()) {
            throw new IllegalArgumentException("meridian.reemission.after and .check must be positive");
        }
        if (batch < 1) {
            throw new IllegalArgumentException("meridian.reemission.batch must be at least 1");
        }
    }
}
