@NullMarked
package dev.meridian.orders.idempotency;

import org.jspecify.annotations.NullMarked;
