package dev.meridian.orders.deadletters.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.orders.deadletters.DeadLetter;
import dev.meridian.orders.deadletters.DeadLetters;
import dev.meridian.orders.deadletters.Redrive;
import dev.meridian.orders.web.Cursor;
import dev.meridian.orders.web.Problem;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.security.Principal;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Records that could not be handled, for operators. */
@RestController
@RequestMapping(path = "/api/dead-letters", produces = MediaType.APPLICATION_JSON_VALUE)
class DeadLettersController {

    private static final CacheControl PRIVATE = CacheControl.noStore().cachePrivate();

    private final DeadLetters letters;

    DeadLettersController(DeadLetters letters) {
        this.letters = letters;
    }

    record Page(
            List<DeadLetter> deadLetters,

            @Nullable @JsonInclude(JsonInclude.Include.NON_NULL)
            String nextCursor) {}

    @GetMapping
    ResponseEntity<Page> page(
            @RequestParam(required = false) @Nullable @Min(1) @Max(100) Integer limit,
            @RequestParam(required = false) @Nullable String cursor,
            @RequestParam(required = false) @Nullable Boolean open) {
        Long before = cursor == null ? null : Cursor.decode(cursor).getLeastSignificantBits();
        int most = limit == null ? Cursor.PAGE : limit;
        List<DeadLetter> found = letters.page(before, open, most + 1);
        boolean more = found.size() > most;
        List<DeadLetter> page = more ? found.subList(0, most) : found;
        return ResponseEntity.ok()
                .cacheControl(PRIVATE)
                .body(new Page(
                        page, more ? Cursor.encode(new UUID(0, page.getLast().id())) : null));
    }

    @GetMapping("/{id}")
    ResponseEntity<DeadLetter> letter(@PathVariable long id) {
        return ResponseEntity.ok()
                .cacheControl(PRIVATE)
                .body(letters.find(id).orElseThrow(DeadLettersController::noSuchDeadLetter));
    }

    @PostMapping("/{id}/redrive")
    ResponseEntity<DeadLetter> redrive(@PathVariable long id, Principal operator) {
        return switch (letters.redrive(id, operator.getName())) {
            case Redrive.Redriven(DeadLetter letter) ->
                ResponseEntity.ok().cacheControl(PRIVATE).body(letter);
            case Redrive.AlreadyRedriven() ->
                throw new Problem(
                        HttpStatus.CONFLICT,
                        "already-redriven",
                        "Already redriven",
                        "This dead letter was sent again before.");
            case Redrive.NotRedrivable(String why) ->
                throw new Problem(HttpStatus.UNPROCESSABLE_CONTENT, "not-redrivable", "Not redrivable", why);
            case Redrive.Unknown() -> throw noSuchDeadLetter();
        };
    }

    private static Problem noSuchDeadLetter() {
        return new Problem(
                HttpStatus.NOT_FOUND,
                "no-such-dead-letter",
                "No such dead letter",
                "There is no dead letter of this id.");
    }
}
