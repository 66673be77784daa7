@NullMarked
package dev.meridian.orders.idempotency.web;

import org.jspecify.annotations.NullMarked;
