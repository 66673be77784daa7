package dev.meridian.orders.counterexample.left;

import dev.meridian.orders.counterexample.right.Right;

public interface Left {
    Right right();
}
