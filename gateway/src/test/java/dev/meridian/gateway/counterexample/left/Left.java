package dev.meridian.gateway.counterexample.left;

import dev.meridian.gateway.counterexample.right.Right;

/** Depends on what depends on it. */
public record Left(Right right) {}
