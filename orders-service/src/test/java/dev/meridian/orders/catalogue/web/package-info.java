@NullMarked
package dev.meridian.orders.catalogue.web;

import org.jspecify.annotations.NullMarked;
