package dev.meridian.orders.deadletters;

/** What a redrive came to. */
public sealed interface Redrive {

    /** The order's event is in the outbox, on its way to the topic that the letter came from. */
    record Redriven(DeadLetter letter) implements Redrive {}

    /** It was sent before; if it fails again, that is another dead letter. */
    record AlreadyRedriven() implements Redrive {}

    record Unknown() implements Redrive {}

    /** No event of an order can be made of it. @param why in a sentence for the operator */
    record NotRedrivable(String why) implements Redrive {}
}
