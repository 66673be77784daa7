package dev.meridian.orders.order.cache;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.TimeoutOptions;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.stereotype.Component;

/** Without Redis a command fails at once; by default Lettuce would queue it until the connection is back. */
@Component
class RejectWhileDisconnected implements LettuceClientOptionsBuilderCustomizer {

    @Override
    public void customize(ClientOptions.Builder options) {
        options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled());
    }
}
