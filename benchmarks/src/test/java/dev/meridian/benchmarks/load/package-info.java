@NullMarked
package dev.meridian.benchmarks.load;

import org.jspecify.annotations.NullMarked;
