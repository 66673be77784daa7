@NullMarked
package dev.meridian.orders.deadletters.web;

import org.jspecify.annotations.NullMarked;
