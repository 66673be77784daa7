/** What the running system does per second, and how long it takes. */
@NullMarked
package dev.meridian.benchmarks;

import org.jspecify.annotations.NullMarked;
