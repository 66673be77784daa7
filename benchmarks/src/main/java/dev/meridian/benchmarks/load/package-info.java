/** Load at a fixed rate or at a fixed number of connections, and what it measures. */
@NullMarked
package dev.meridian.benchmarks.load;

import org.jspecify.annotations.NullMarked;
