package dev.meridian.system.faults;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeInfo.Id;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/**
 * One HTTP request of a client, and what came of it.
 *
 * @param client which client; a client has one call under way at a time
 * @param customer the subject of its token
 * @param start since the beginning of the run, before the request was sent
 * @param end since the beginning of the run, after the whole answer was there
 */
record Call(int client, String customer, Duration start, Duration end, Request request, Reply reply) {

    Call {
        if (end.compareTo(start) < 0) {
            throw new IllegalArgumentException("A call cannot end before it starts");
        }
    }

    /** Whether this call had ended when the other one was sent. */
    boolean isBefore(Call other) {
        return end.compareTo(other.start) < 0;
    }

    enum State {
        PLACED,
        CONFIRMED,
        REJECTED,
        CANCELLED;

        boolean isFinal() {
            return this != PLACED;
        }
    }

    @JsonTypeInfo(use = Id.SIMPLE_NAME, property = "what")
    sealed interface Request {

        /** Also for the repetition of an earlier attempt. */
        record Place(String key, Basket basket) implements Request {}

        /** Another basket under a key for which an order was acknowledged. */
        record Reuse(String key, Basket basket) implements Request {}

        record Read(UUID order) implements Request {}

        /** After everything has settled. */
        record FinalRead(UUID order) implements Request {}

        /** Of an order of another customer. */
        record ReadOfAnothers(UUID order) implements Request {}

        /** The first page. */
        record ListOwn(int limit) implements Request {}

        record Cancel(UUID order) implements Request {}
    }

    @JsonTypeInfo(use = Id.SIMPLE_NAME, property = "how")
    sealed interface Reply {

        /**
         * @param more whether the list goes on after these; false for everything but lists
         */
        record Shown(int status, List<Seen> orders, boolean more) implements Reply {

            public Shown {
                orders = List.copyOf(orders);
            }

            static Shown one(int status, Seen order) {
                return new Shown(status, List.of(order), false);
            }
        }

        /** @param problem the last part of the problem's type; empty where the body is no problem detail */
        record Refused(int status, String problem) implements Reply {}

        /** The connection broke, or the time-out passed: the request may have been carried out or not. */
        record Silence(String why) implements Reply {}
    }

    /** An order as an answer showed it. */
    record Seen(UUID order, long version, State state) {}

    /** The orders that the answer showed. */
    List<Seen> seen() {
        return switch (reply) {
            case Reply.Shown shown -> shown.orders;
            case Reply.Refused _, Reply.Silence _ -> List.of();
        };
    }

    /** As short as a person can read it. */
    String told() {
        String asked =
                switch (request) {
                    case Request.Place(String key, Basket basket) -> "place " + key + " " + basket.json();
                    case Request.Reuse(String key, Basket basket) -> "reuse " + key + " for " + basket.json();
                    case Request.Read(UUID order) -> "read " + order;
                    case Request.FinalRead(UUID order) -> "final read " + order;
                    case Request.ReadOfAnothers(UUID order) -> "read another's " + order;
                    case Request.ListOwn(int limit) -> "list " + limit;
                    case Request.Cancel(UUID order) -> "cancel " + order;
                };
        String answered =
                switch (reply) {
                    case Reply.Shown(int status, List<Seen> orders, boolean _) ->
                        status + (orders.size() == 1 ? " " + told(orders.getFirst()) : " " + orders.size() + " orders");
                    case Reply.Refused(int status, String problem) -> status + " " + problem;
                    case Reply.Silence(String why) -> "no answer: " + why;
                };
        return "client %d, %.3f to %.3f s: %s: %s"
                .formatted(client, start.toNanos() / 1e9, end.toNanos() / 1e9, asked, answered);
    }

    private static String told(Seen seen) {
        return seen.order + " at version " + seen.version + ", " + seen.state;
    }
}
