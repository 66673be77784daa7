@NullMarked
package dev.meridian.gateway.limits;

import org.jspecify.annotations.NullMarked;
