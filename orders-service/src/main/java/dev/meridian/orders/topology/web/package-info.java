@NullMarked
package dev.meridian.orders.topology.web;

import org.jspecify.annotations.NullMarked;
