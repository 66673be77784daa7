@NullMarked
package dev.meridian.gateway.counterexample.left;

import org.jspecify.annotations.NullMarked;
