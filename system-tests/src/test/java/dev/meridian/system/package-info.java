/** The running system from outside: its journeys, its refusals, and what it survives. */
@NullMarked
package dev.meridian.system;

import org.jspecify.annotations.NullMarked;
