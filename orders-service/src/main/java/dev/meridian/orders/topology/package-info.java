@NullMarked
package dev.meridian.orders.topology;

import org.jspecify.annotations.NullMarked;
