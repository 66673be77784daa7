package dev.meridian.gateway.counterexample.left;

/** Public, though no other package uses it. */
public class Unasked {}
