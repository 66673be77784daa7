@NullMarked
package dev.meridian.orders.order.web;

import org.jspecify.annotations.NullMarked;
