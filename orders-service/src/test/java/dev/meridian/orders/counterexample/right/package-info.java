@NullMarked
package dev.meridian.orders.counterexample.right;

import org.jspecify.annotations.NullMarked;
