@NullMarked
package dev.meridian.orders.catalogue;

import org.jspecify.annotations.NullMarked;
