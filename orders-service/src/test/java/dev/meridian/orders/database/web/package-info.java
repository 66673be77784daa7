@NullMarked
package dev.meridian.orders.database.web;

import org.jspecify.annotations.NullMarked;
