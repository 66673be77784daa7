/** The two databases: where a write goes, which of them answers a read, and how far a caller has seen. */
@NullMarked
package dev.meridian.orders.database;

import org.jspecify.annotations.NullMarked;
