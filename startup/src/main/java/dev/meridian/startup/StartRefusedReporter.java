package dev.meridian.startup;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringBootExceptionReporter;
import org.springframework.boot.context.config.ConfigDataNotFoundException;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Prints one line, in place of Spring Boot's report and a stack trace, where settings are why a service does not start, or
 * a database that it cannot log in to.
 */
@Order(Ordered.HIGHEST_PRECEDENCE) // before Spring Boot's own
class StartRefusedReporter implements SpringBootExceptionReporter {

    private final @Nullable ConfigurableApplicationContext context;

    StartRefusedReporter(@Nullable ConfigurableApplicationContext context) {
        this.context = context;
    }

    @Override
    public boolean reportException(Throwable failure) {
        Throwable told = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof StartRefused refused) {
                System.err.println(refused.getMessage());
                return true;
            }
            if (cause instanceof ConfigDataNotFoundException || cause instanceof SQLException sql && isRefusal(sql)) {
                told = cause; // the last one is the driver's own, which says why
            }
        }
        if (told == null) {
            return false;
        }
        String name = context == null ? null : context.getEnvironment().getProperty("spring.application.name");
        String why = String.valueOf(told.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
        System.err.println((name == null ? "The service" : name) + " does not start: " + why);
        return true;
    }

    /** No connection, no permission to log in, no such database: the classes 08, 28 and 3D of ISO 9075-2, 24.1. */
    private static boolean isRefusal(SQLException failure) {
        return String.valueOf(failure.getSQLState()).matches("(08|28|3D).*");
    }
}
