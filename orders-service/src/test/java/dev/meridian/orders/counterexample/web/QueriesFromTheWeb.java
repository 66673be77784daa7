package dev.meridian.orders.counterexample.web;

import org.springframework.jdbc.core.simple.JdbcClient;

/** A controller that goes past the repository, and keeps a connection from each call. */
public record QueriesFromTheWeb(JdbcClient jdbc) {

    public long customers() {
        return jdbc.sql("SELECT DISTINCT customer FROM orders").query(String.class).stream()
                .count();
    }
}
