/** What the gateway still gets done when far more comes than there is room for. */
@NullMarked
package dev.meridian.benchmarks.overload;

import org.jspecify.annotations.NullMarked;
