@NullMarked
package dev.meridian.worker.database;

import org.jspecify.annotations.NullMarked;
