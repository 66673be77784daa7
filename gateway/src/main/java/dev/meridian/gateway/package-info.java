@NullMarked
package dev.meridian.gateway;

import org.jspecify.annotations.NullMarked;
