@NullMarked
package dev.meridian.worker.payment.simulated;

import org.jspecify.annotations.NullMarked;
