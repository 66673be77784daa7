@NullMarked
package dev.meridian.worker.queue;

import org.jspecify.annotations.NullMarked;
