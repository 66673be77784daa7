@NullMarked
package dev.meridian.local.edge;

import org.jspecify.annotations.NullMarked;
