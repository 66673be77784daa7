@NullMarked
package dev.meridian.worker.payment;

import org.jspecify.annotations.NullMarked;
