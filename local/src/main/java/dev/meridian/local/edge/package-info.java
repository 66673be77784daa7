/** The programs before the gateways: the load balancer and the CDN. */
@NullMarked
package dev.meridian.local.edge;

import org.jspecify.annotations.NullMarked;
