package dev.meridian.worker.payment.simulated;

import dev.meridian.worker.payment.PaymentProvider;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Hands the simulated provider to tests that build the worker by hand. */
public final class Simulation {

    private Simulation() {}

    public static PaymentProvider of(JdbcClient jdbc) {
        return new SimulatedPayments(jdbc);
    }
}
