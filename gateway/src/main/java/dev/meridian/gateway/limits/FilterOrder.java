package dev.meridian.gateway.limits;

import org.springframework.core.Ordered;

/** Where the limits stand among Spring Cloud Gateway's filters. */
final class FilterOrder {

    /** After the body was read (Ordered.HIGHEST_PRECEDENCE + 1000): a slow sender occupies nothing. */
    static final int RATE_LIMIT = Ordered.HIGHEST_PRECEDENCE + 2000;

    /** Around all that follows until the answer is written (-1). */
    static final int CONCURRENCY = RATE_LIMIT + 1;

    /** Around a route's own filters (from 1 on), Retry among them, and until the answer's headers are there. */
    static final int BREAKER = 0;

    private FilterOrder() {}
}
