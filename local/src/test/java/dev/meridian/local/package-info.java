/** Tests of the local stack, with real programs where these can fail. */
@NullMarked
package dev.meridian.local;

import org.jspecify.annotations.NullMarked;
