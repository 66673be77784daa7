@NullMarked
package dev.meridian.discovery;

import org.jspecify.annotations.NullMarked;
