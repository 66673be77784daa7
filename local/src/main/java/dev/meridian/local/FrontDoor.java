package dev.meridian.local;

import dev.meridian.local.process.Deadline;
import dev.meridian.local.process.Http;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.json.JsonMapper;

/** The system as its clients meet it. */
public record FrontDoor(URI address) {

    /** Registration and health checks take a few seconds after the last service has come up. */
    private static final Duration OPENING_LIMIT = Duration.ofSeconds(30);

    private static final Duration SETTLING_LIMIT = Duration.ofSeconds(60);

    private static final Http HTTP = new Http(Duration.ofSeconds(10));

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** The demonstration client and its secret, demo:demo. */
    private static final String DEMO = "Basic ZGVtbzpkZW1v";

    private static final String ORDER = """
            {"lines":[{"sku":"TEA-001","quantity":1}],"paymentToken":"tok_ok"}""";

    /** Waits until it leads to the services behind it; false when the time was up, or the wait was given up. */
    boolean opens(BooleanSupplier givenUp) {
        return Deadline.in(OPENING_LIMIT)
                        .await(() -> givenUp.getAsBoolean()
                                || HTTP.answers(address.resolve("/api/products"), 200)
                                        && HTTP.answers(address.resolve("/oauth2/jwks"), 200))
                && !givenUp.getAsBoolean();
    }

    /**
     * Places one order, waits until it is final, and says in a line how long that took from the customer's side.
     *
     * @throws StackException when it is not accepted, or not final within a minute
     */
    public String placeOrder() {
        try {
            String token = "Bearer " + token();
            String key = UUID.randomUUID().toString();
            Map<String, String> headers =
                    Map.of("Authorization", token, "Content-Type", "application/json", "Idempotency-Key", key);
            long begin = System.nanoTime();
            Deadline deadline = Deadline.in(SETTLING_LIMIT);
            Http.Answer placed = HTTP.send("POST", address.resolve("/api/orders"), headers, ORDER);
            // Programs that have just started may take longer than the gateway waits. The key makes it one order.
            while (placed.status() >= 500 && deadline.pause()) {
                placed = HTTP.send("POST", address.resolve("/api/orders"), headers, ORDER);
            }
            long accepted = System.nanoTime();
            if (placed.status() != 201) {
                throw new StackException("The first order was answered with " + placed + ".");
            }
            String id = JSON.readTree(placed.body()).path("id").asString();
            URI order = address.resolve("/api/orders/" + id);
            do {
                Http.Answer shown = HTTP.send("GET", order, Map.of("Authorization", token), "");
                String status = JSON.readTree(shown.body()).path("status").asString("");
                if (shown.status() == 200 && !status.equals("PLACED")) {
                    return "First order %s: accepted after %.0f ms, %s after %.0f ms."
                            .formatted(id, (accepted - begin) / 1e6, status, (System.nanoTime() - begin) / 1e6);
                }
            } while (deadline.pause());
            throw new StackException("The first order, " + id + ", was accepted but is not final after "
                    + SETTLING_LIMIT.toSeconds() + " s.");
        } catch (IOException e) {
            throw new StackException("The front door failed for the first order: " + e, e);
        }
    }

    private String token() throws IOException {
        Http.Answer response = HTTP.send(
                "POST",
                address.resolve("/oauth2/token"),
                Map.of("Authorization", DEMO, "Content-Type", "application/x-www-form-urlencoded"),
                "grant_type=client_credentials&scope=orders");
        if (response.status() != 200) {
            throw new StackException("No token for the first order: " + response + ".");
        }
        return JSON.readTree(response.body()).path("access_token").asString();
    }
}
