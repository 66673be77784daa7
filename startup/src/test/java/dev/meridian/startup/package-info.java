@NullMarked
package dev.meridian.startup;

import org.jspecify.annotations.NullMarked;
