package dev.meridian.orders.order;

import com.github.f4b6a3.uuid.UuidCreator;
import dev.meridian.orders.catalogue.Catalogue;
import dev.meridian.orders.catalogue.Product;
import dev.meridian.orders.outbox.Outbox;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** Where orders are taken. */
@Service
public class OrderDesk {

    private final Catalogue catalogue;
    private final Orders orders;
    private final IdempotencyKeys keys;
    private final Outbox outbox;
    private final JsonMapper json;
    private final Clock clock;

    OrderDesk(Catalogue catalogue, Orders orders, IdempotencyKeys keys, Outbox outbox, JsonMapper json, Clock clock) {
        this.catalogue = catalogue;
        this.orders = orders;
        this.keys = keys;
        this.outbox = outbox;
        this.json = json;
        this.clock = clock;
    }

    /**
     * Prices the lines and writes the order, its idempotency key and its event in one transaction. A key that the
     * customer used before gets the first answer again and writes nothing.
     *
     * @param customer whose key and whose order it is
     * @param key the customer's own name for this request
     */
    @Transactional
    public Placement place(String customer, String key, PlaceOrder request) {
        byte[] hash = IdempotencyKeys.hash(json.writeValueAsBytes(request));
        List<Order.Line> lines = new ArrayList<>(request.lines().size());
        for (PlaceOrder.RequestedLine line : request.lines()) {
            Optional<Product> product = catalogue.find(line.sku());
            if (product.isEmpty()) {
                // A repetition is answered even when the product has left the catalogue since.
                return keys.find(customer, key)
                        .map(known -> answer(known, hash))
                        .orElseGet(() -> new Placement.UnknownSku(line.sku()));
            }
            lines.add(new Order.Line(
                    line.sku(),
                    product.get().name(),
                    line.quantity(),
                    product.get().price()));
        }

        // PostgreSQL keeps microseconds; what is stored and what is shown are the same instant.
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        UUID id = UuidCreator.getTimeOrderedEpoch();
        Order order = Order.placed(id, customer, now, lines);
        String response = json.writeValueAsString(order);

        // First, since it decides: whoever inserts the key places the order, everybody else waits here for that one.
        if (!keys.claim(customer, key, new IdempotencyKeys.Entry(hash, id, response), now)) {
            return keys.find(customer, key)
                    .map(known -> answer(known, hash))
                    .orElseThrow(() -> new IllegalStateException("An idempotency key vanished while it was in use"));
        }
        orders.insert(order, request.paymentToken());
        outbox.append(new Outbox.Event(
                id,
                OrderPlaced.TOPIC,
                OrderPlaced.TYPE,
                json.writeValueAsString(OrderPlaced.of(order, request.paymentToken())),
                outbox.currentTrace()));
        return new Placement.Placed(id, response);
    }

    private static Placement answer(IdempotencyKeys.Entry known, byte[] hash) {
        return Arrays.equals(known.requestHash(), hash)
                ? new Placement.Placed(known.orderId(), known.response())
                : new Placement.KeyReused();
    }
}
