package dev.meridian.startup;

import org.springframework.boot.SpringBootExceptionReporter;

/** Prints the one line, in place of Spring Boot's report and a stack trace. */
class StartRefusedReporter implements SpringBootExceptionReporter {

    @Override
    public boolean reportException(Throwable failure) {
        if (failure instanceof StartRefused) {
            System.err.println(failure.getMessage());
            return true;
        }
        return false;
    }
}
