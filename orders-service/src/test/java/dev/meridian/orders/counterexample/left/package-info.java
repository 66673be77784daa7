@NullMarked
package dev.meridian.orders.counterexample.left;

import org.jspecify.annotations.NullMarked;
