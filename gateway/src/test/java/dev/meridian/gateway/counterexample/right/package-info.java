@NullMarked
package dev.meridian.gateway.counterexample.right;

import org.jspecify.annotations.NullMarked;
