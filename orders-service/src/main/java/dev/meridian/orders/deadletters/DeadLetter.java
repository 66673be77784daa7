package dev.meridian.orders.deadletters;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A record that the worker gave up, or that this service set aside, as an operator sees it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DeadLetter(
        @Schema(example = "17") long id,
        @Nullable UUID orderId,

        @Schema(description = "The topic that the record is on", example = "orders.placed") @Nullable
        String topic,

        @Nullable Integer partition,
        @Nullable Long offset,

        @Schema(description = "The CloudEvents type", example = "dev.meridian.order.placed") @Nullable
        String type,

        @Schema(description = "How often it was tried in vain; 0 where it could not be read") @Nullable
        Integer failures,

        @Nullable String reason,
        Instant diedAt,

        @Schema(description = "When it was sent again; absent while it is open") @Nullable
        Instant redrivenAt,

        @Nullable String redrivenBy,

        @Schema(description = "The event, where it is JSON of at most 16 KiB", implementation = Object.class) @Nullable
        JsonNode payload,

        @Schema(description = "Any other content, in Base64, the first 16 KiB of it") @Nullable
        String payloadBase64,

        @Schema(description = "Of what is kept, in bytes; absent where the record had no content") @Nullable
        Integer payloadSize) {}
