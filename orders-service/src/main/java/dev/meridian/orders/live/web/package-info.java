@NullMarked
package dev.meridian.orders.live.web;

import org.jspecify.annotations.NullMarked;
