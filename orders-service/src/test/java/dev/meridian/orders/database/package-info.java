@NullMarked
package dev.meridian.orders.database;

import org.jspecify.annotations.NullMarked;
