@NullMarked
package dev.meridian.benchmarks.system;

import org.jspecify.annotations.NullMarked;
