/** The two PostgreSQL servers: their data, their roles, and how these change. */
@NullMarked
package dev.meridian.local.postgres;

import org.jspecify.annotations.NullMarked;
