/** Programs as processes of this machine: started, watched, signalled, ended. */
@NullMarked
package dev.meridian.local.process;

import org.jspecify.annotations.NullMarked;
