@NullMarked
package dev.meridian.orders.counterexample.web;

import org.jspecify.annotations.NullMarked;
