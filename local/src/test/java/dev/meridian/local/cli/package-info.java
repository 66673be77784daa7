@NullMarked
package dev.meridian.local.cli;

import org.jspecify.annotations.NullMarked;
