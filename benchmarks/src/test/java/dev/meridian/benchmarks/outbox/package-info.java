@NullMarked
package dev.meridian.benchmarks.outbox;

import org.jspecify.annotations.NullMarked;
