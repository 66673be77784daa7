@NullMarked
package dev.meridian.orders;

import org.jspecify.annotations.NullMarked;
