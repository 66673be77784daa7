/** Classes that break the rules of ArchitectureTest, which has to catch them. */
@NullMarked
package dev.meridian.orders.counterexample;

import org.jspecify.annotations.NullMarked;
