@NullMarked
package dev.meridian.orders.order;

import org.jspecify.annotations.NullMarked;
