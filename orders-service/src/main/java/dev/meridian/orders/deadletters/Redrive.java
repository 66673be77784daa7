package dev.meridian.orders.deadletters;

/** What became of the wish to send a dead letter again. */
public sealed interface Redrive {

    /** It is in the outbox, on its way to the topic that it came from. */
    record Redriven(DeadLetter letter) implements Redrive {}

    /** Somebody did that before; if it dies again, that is another dead letter. */
    record AlreadyRedriven() implements Redrive {}

    record Unknown() implements Redrive {}

    /** Sent again it could only die again. @param why in a sentence for the operator */
    record NotRedrivable(String why) implements Redrive {}
}
