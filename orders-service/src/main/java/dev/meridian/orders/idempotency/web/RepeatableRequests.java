package dev.meridian.orders.idempotency.web;

import dev.meridian.orders.idempotency.Answer;
import dev.meridian.orders.idempotency.IdempotencyKeys;
import dev.meridian.orders.idempotency.KeyedRequest;
import dev.meridian.orders.idempotency.Once;
import dev.meridian.orders.web.Problem;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Answers requests that may be sent again, with the first answer each time. */
@Component
public class RepeatableRequests {

    /** Tells an answer that was given before from a first one. */
    public static final String REPLAYED = "Idempotent-Replayed";

    private static final Logger log = LoggerFactory.getLogger(RepeatableRequests.class);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final IdempotencyKeys keys;
    private final JsonMapper json;

    RepeatableRequests(IdempotencyKeys keys, JsonMapper json) {
        this.keys = keys;
        this.json = json;
    }

    /**
     * @param processing as {@link IdempotencyKeys#once} has it
     * @throws Problem where the key is in use, or stands for another request
     */
    public ResponseEntity<byte[]> answer(KeyedRequest request, Supplier<Answer> processing) {
        return switch (keys.once(request, processing, this::failed)) {
            case Once.Processed(Answer answer) -> response(answer).body(body(answer));
            case Once.Replayed(Answer answer) ->
                response(answer).header(REPLAYED, "true").body(body(answer));
            case Once.InUse() ->
                throw new Problem(
                                HttpStatus.CONFLICT,
                                "idempotency-key-in-use",
                                "Idempotency key in use",
                                "A request with this Idempotency-Key is being processed; its answer can be had soon.")
                        .retryAfter(RETRY_AFTER);
            case Once.Reused() ->
                throw new Problem(
                        HttpStatus.UNPROCESSABLE_CONTENT,
                        "idempotency-key-reused",
                        "Idempotency key reused",
                        "This Idempotency-Key belongs to an earlier request that asked for something else.");
        };
    }

    /** An answer without a key. */
    public ResponseEntity<byte[]> answer(Answer answer) {
        return response(answer).body(body(answer));
    }

    /** A refusal that is the outcome of processing, so that it is kept. */
    public Answer refused(Problem problem) {
        return refused(problem, true);
    }

    /** A refusal in place of processing: the same key may be sent again, and may be answered otherwise then. */
    public Answer refusedForNow(Problem problem) {
        return refused(problem, false);
    }

    private Answer refused(Problem problem, boolean kept) {
        return new Answer(
                problem.getStatusCode().value(),
                MediaType.APPLICATION_PROBLEM_JSON_VALUE,
                null,
                null,
                json.writeValueAsString(problem.getBody()),
                kept);
    }

    private Answer failed(RuntimeException e) {
        log.error("A request failed, and its key now stands for that", e);
        return refused(Problem.internalError());
    }

    private static ResponseEntity.BodyBuilder response(Answer answer) {
        ResponseEntity.BodyBuilder response = ResponseEntity.status(answer.status())
                .cacheControl(CacheControl.noStore().cachePrivate())
                .contentType(MediaType.parseMediaType(answer.contentType()));
        if (answer.location() != null) {
            response.header(HttpHeaders.LOCATION, answer.location());
        }
        if (answer.etag() != null) {
            response.eTag(answer.etag());
        }
        return response;
    }

    private static byte[] body(Answer answer) {
        return answer.body().getBytes(StandardCharsets.UTF_8);
    }
}
