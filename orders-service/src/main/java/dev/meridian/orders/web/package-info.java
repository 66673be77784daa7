@NullMarked
package dev.meridian.orders.web;

import org.jspecify.annotations.NullMarked;
