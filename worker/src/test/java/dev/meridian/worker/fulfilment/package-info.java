@NullMarked
package dev.meridian.worker.fulfilment;

import org.jspecify.annotations.NullMarked;
