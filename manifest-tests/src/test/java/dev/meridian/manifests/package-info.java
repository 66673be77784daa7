/** The Kubernetes manifests, rendered and checked without a cluster. */
@NullMarked
package dev.meridian.manifests;

import org.jspecify.annotations.NullMarked;
