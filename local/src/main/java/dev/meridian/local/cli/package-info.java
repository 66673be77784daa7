/** The command line, and how a second terminal commands the stack of the first. */
@NullMarked
package dev.meridian.local.cli;

import org.jspecify.annotations.NullMarked;
