@NullMarked
package dev.meridian.gateway.routing;

import org.jspecify.annotations.NullMarked;
