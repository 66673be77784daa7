/** The whole system under load, from outside. */
@NullMarked
package dev.meridian.benchmarks.system;

import org.jspecify.annotations.NullMarked;
