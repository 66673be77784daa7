package dev.meridian.identity;

import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Tokens are given by a filter, to a POST alone. Any other method comes here, and is answered 405 by this mapping. */
@RestController
class OnlyPost {

    @PostMapping("/oauth2/token")
    void token() {
        throw new IllegalStateException("The filter answers this");
    }
}
