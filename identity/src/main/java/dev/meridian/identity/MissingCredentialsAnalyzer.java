package dev.meridian.identity;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Turns {@link MissingCredentials} into one clear line instead of a stack trace. */
class MissingCredentialsAnalyzer extends AbstractFailureAnalyzer<MissingCredentials> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, MissingCredentials cause) {
        return new FailureAnalysis(cause.getMessage(), "Set these properties, then start again.", cause);
    }
}
