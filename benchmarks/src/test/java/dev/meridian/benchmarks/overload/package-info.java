@NullMarked
package dev.meridian.benchmarks.overload;

import org.jspecify.annotations.NullMarked;
