package dev.meridian.orders.counterexample.web;

import org.springframework.jdbc.core.simple.JdbcClient;

/** A controller that goes past the repository. */
public record QueriesFromTheWeb(JdbcClient jdbc) {}
