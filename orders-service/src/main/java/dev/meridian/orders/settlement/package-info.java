@NullMarked
package dev.meridian.orders.settlement;

import org.jspecify.annotations.NullMarked;
