@NullMarked
package dev.meridian.orders.order.cache;

import org.jspecify.annotations.NullMarked;
