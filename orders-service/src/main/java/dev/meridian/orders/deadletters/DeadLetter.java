package dev.meridian.orders.deadletters;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A record that the worker gave up, or that this service set aside, as {@code docs/openapi.json} describes it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DeadLetter(
        long id,
        @Nullable UUID orderId,
        @Nullable String topic,
        @Nullable Integer partition,
        @Nullable Long offset,
        @Nullable String type,
        @Nullable Integer failures,
        @Nullable String reason,
        Instant diedAt,
        @Nullable Instant redrivenAt,
        @Nullable String redrivenBy,
        @Nullable JsonNode payload,
        @Nullable String payloadBase64,
        @Nullable Integer payloadSize) {}
