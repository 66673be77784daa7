package dev.meridian.worker.queue;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Ends a refused start with a line instead of a stack trace. */
class QueueMisconfiguredAnalyzer extends AbstractFailureAnalyzer<QueueMisconfigured> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, QueueMisconfigured cause) {
        return new FailureAnalysis(
                "The queue would lose orders: " + cause.getMessage(),
                "Declare it as edge/kafka/topics.conf does, before the first worker starts.",
                cause);
    }
}
