package dev.meridian.orders.order;

import com.github.f4b6a3.uuid.UuidCreator;
import dev.meridian.orders.catalogue.Catalogue;
import dev.meridian.orders.catalogue.Product;
import dev.meridian.orders.outbox.Outbox;
import dev.meridian.orders.outbox.OutboxEvent;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.CannotGetJdbcConnectionException;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import tools.jackson.databind.json.JsonMapper;

/** Places and cancels orders. See docs/adr/0007-idempotency.md. */
@Service
public class OrderService {

    /** The topics of the queue. */
    public static final Set<String> QUEUE = Set.of(OrderPlaced.TOPIC, OrderCancelled.TOPIC);

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    /** Two writers, so that one that waits for a lock holds up no other group; the gateway gives a request 5 s. */
    private static final GroupCommit.Limits LIMITS =
            new GroupCommit.Limits(64, 1_024, 2, Duration.ofMillis(10), Duration.ofSeconds(4));

    private final Catalogue catalogue;
    private final Orders orders;
    private final Outbox outbox;
    private final JsonMapper json;
    private final Clock clock;
    private final GroupCommit<NewOrder, Boolean> placements = new GroupCommit<>(new PlacementWriter(), LIMITS);

    OrderService(Catalogue catalogue, Orders orders, Outbox outbox, JsonMapper json, Clock clock) {
        this.catalogue = catalogue;
        this.orders = orders;
        this.outbox = outbox;
        this.json = json;
        this.clock = clock;
    }

    /**
     * Prices the lines and writes the order and its event, once for each key. What is returned has committed, under the
     * rules of the first answer also where the key was known.
     *
     * @param key the customer's own name for this request
     * @throws DataAccessException where the database failed. The order may have been written or not; the same request
     *     under the same key finds out
     * @throws IllegalStateException within a transaction, which others' orders would become part of
     */
    public Placement place(String customer, String key, PlaceOrder request) {
        if (TransactionSynchronizationManager.isActualTransactionActive()) {
            throw new IllegalStateException("A placement commits by itself");
        }
        // The record and not the bytes that came: white space and the order of fields make no difference.
        byte[] hash = sha256(json.writeValueAsBytes(request));
        List<Order.Line> lines = new ArrayList<>(request.lines().size());
        for (PlaceOrder.RequestedLine line : request.lines()) {
            Optional<Product> product = catalogue.find(line.sku());
            if (product.isEmpty()) {
                // The catalogue may have known it when the key was first used.
                return replay(customer, key, hash, null).orElseGet(() -> new Placement.UnknownSku(line.sku()));
            }
            lines.add(new Order.Line(
                    line.sku(),
                    product.get().name(),
                    line.quantity(),
                    product.get().price()));
        }
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        Order order = Order.placed(UuidCreator.getTimeOrderedEpoch(), customer, now, lines);
        boolean written;
        try {
            written = placements.write(new NewOrder(
                    order,
                    request.paymentToken(),
                    key,
                    hash,
                    json.writeValueAsString(OrderPlaced.of(order, request.paymentToken())),
                    outbox.currentTrace()));
        } catch (DataAccessException e) {
            if (NestedExceptionUtils.getMostSpecificCause(e) instanceof SQLException cause
                    && LOCK_NOT_AVAILABLE.equals(cause.getSQLState())) {
                return new Placement.KeyInUse();
            }
            throw e;
        }
        return written
                ? new Placement.Placed(order, false)
                : replay(customer, key, hash, order.id()).orElseGet(Placement.KeyInUse::new);
    }

    /**
     * The answer to a request under a key that may be known: the order as it was placed, whatever has become of it.
     *
     * @param id of the order that this request was about to write; it is there where only the answer to the write was lost
     */
    private Optional<Placement> replay(String customer, String key, byte[] hash, @Nullable UUID id) {
        return orders.findByKey(customer, key).map(known -> {
            if (!MessageDigest.isEqual(known.requestHash(), hash)) {
                return new Placement.KeyReused();
            }
            Order order = known.order();
            return new Placement.Placed(
                    Order.placed(order.id(), customer, order.placedAt(), order.lines()),
                    !order.id().equals(id));
        });
    }

    private final class PlacementWriter implements GroupCommit.Writer<NewOrder, Boolean> {

        @Override
        public List<Boolean> write(List<NewOrder> batch) {
            List<OutboxEvent> events = orders.insert(batch);
            outbox.committed(events);
            Set<UUID> written = events.stream().map(OutboxEvent::orderId).collect(Collectors.toSet());
            return batch.stream()
                    .map(placement -> written.contains(placement.order().id()))
                    .toList();
        }

        /** A connection that broke may have committed before; the keys see to it that nothing is written twice. */
        @Override
        public boolean mayPassAlone(RuntimeException failure, int size) {
            return !(failure instanceof CannotGetJdbcConnectionException)
                    && (size > 1 || failure instanceof DataAccessResourceFailureException);
        }
    }

    private static byte[] sha256(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    /**
     * Cancels an order that fulfilment has not decided yet, and appends the events, in one transaction. The first writer
     * wins, a cancellation or an outcome. A repetition finds the order cancelled, and that is all it asked for, so it
     * succeeds whatever version it names.
     *
     * @param versions the versions at which the caller wants to cancel it; null for any
     */
    @Transactional
    public Cancellation cancel(String customer, UUID id, @Nullable List<Long> versions) {
        Optional<Order> cancelled = orders.cancel(id, customer, versions);
        if (cancelled.isPresent()) {
            Order order = cancelled.get();
            outbox.append(List.of(
                    cancelled(order),
                    event(order, OrderChanged.TOPIC, OrderChanged.TYPE, new OrderChanged(customer, order))));
            return new Cancellation.Cancelled(order);
        }
        Optional<Order> found = orders.findForAnswer(id, customer);
        if (found.isEmpty()) {
            return new Cancellation.NoSuchOrder();
        }
        return switch (found.get().status()) {
            case PLACED -> new Cancellation.OtherVersion(found.get().version());
            case CONFIRMED, REJECTED -> new Cancellation.Settled(found.get().status());
            case CANCELLED -> new Cancellation.Cancelled(found.get());
        };
    }

    /**
     * The order's event for one of the {@link #QUEUE}'s topics, made again from its row. A cancellation bears the time at
     * which it is told again.
     *
     * @return nothing where there is no such order, or where it is not cancelled and the topic tells that it is
     */
    public Optional<Outbox.Event> again(String topic, UUID orderId) {
        Optional<Orders.Payable> found = orders.findPayable(orderId);
        return topic.equals(OrderPlaced.TOPIC)
                ? found.map(this::placed)
                : found.map(Orders.Payable::order)
                        .filter(order -> order.status() == Order.Status.CANCELLED)
                        .map(this::cancelled);
    }

    /**
     * Emits orders again that are still placed and of which nothing is known that they wait for.
     *
     * @param since orders that were emitted or looked at since then are left
     * @param limit at most so many
     * @return how many were emitted
     */
    @Transactional
    int emitAgain(Instant since, Instant now, int limit) {
        List<Outbox.Event> events =
                orders.attend(since, now, limit).stream().map(this::placed).toList();
        outbox.append(events);
        return events.size();
    }

    private Outbox.Event placed(Orders.Payable payable) {
        return event(
                payable.order(),
                OrderPlaced.TOPIC,
                OrderPlaced.TYPE,
                OrderPlaced.of(payable.order(), payable.paymentToken()));
    }

    private Outbox.Event cancelled(Order order) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        return event(
                order,
                OrderCancelled.TOPIC,
                OrderCancelled.TYPE,
                new OrderCancelled(order.id(), order.customer(), now));
    }

    private Outbox.Event event(Order order, String topic, String type, Object payload) {
        return new Outbox.Event(order.id(), topic, type, json.writeValueAsString(payload));
    }
}
