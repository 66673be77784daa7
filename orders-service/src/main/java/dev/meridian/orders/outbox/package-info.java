@NullMarked
package dev.meridian.orders.outbox;

import org.jspecify.annotations.NullMarked;
