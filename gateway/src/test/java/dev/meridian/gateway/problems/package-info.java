@NullMarked
package dev.meridian.gateway.problems;

import org.jspecify.annotations.NullMarked;
