package dev.meridian.orders.catalogue;

import dev.meridian.orders.Money;

/** What is for sale, and for how much today. */
public record Product(String sku, String name, Money price) {}
