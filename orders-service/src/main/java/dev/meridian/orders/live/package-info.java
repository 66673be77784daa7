@NullMarked
package dev.meridian.orders.live;

import org.jspecify.annotations.NullMarked;
