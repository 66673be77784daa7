@NullMarked
package dev.meridian.identity;

import org.jspecify.annotations.NullMarked;
