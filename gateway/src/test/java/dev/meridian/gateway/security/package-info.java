@NullMarked
package dev.meridian.gateway.security;

import org.jspecify.annotations.NullMarked;
