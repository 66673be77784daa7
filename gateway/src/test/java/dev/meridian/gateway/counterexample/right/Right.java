package dev.meridian.gateway.counterexample.right;

import dev.meridian.gateway.counterexample.left.Left;

public class Right {

    public int length() {
        return new Left(this).hashCode();
    }
}
