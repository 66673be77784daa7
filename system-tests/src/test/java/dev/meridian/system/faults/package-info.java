/**
 * Random faults under a mixed load, and a check of every promise afterwards. Knows the system's processes and its HTTP
 * API, and none of its classes.
 */
@NullMarked
package dev.meridian.system.faults;

import org.jspecify.annotations.NullMarked;
