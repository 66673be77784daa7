/** The whole system on one machine: the real programs and our services, each a process of its own on loopback. */
@NullMarked
package dev.meridian.local;

import org.jspecify.annotations.NullMarked;
