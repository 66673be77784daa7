package dev.meridian.orders.counterexample.right;

import dev.meridian.orders.counterexample.left.Left;

public interface Right {
    Left left();
}
