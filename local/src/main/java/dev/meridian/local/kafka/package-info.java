@NullMarked
package dev.meridian.local.kafka;

import org.jspecify.annotations.NullMarked;
