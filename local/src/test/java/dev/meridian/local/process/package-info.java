@NullMarked
package dev.meridian.local.process;

import org.jspecify.annotations.NullMarked;
