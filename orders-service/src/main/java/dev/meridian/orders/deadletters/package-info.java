@NullMarked
package dev.meridian.orders.deadletters;

import org.jspecify.annotations.NullMarked;
