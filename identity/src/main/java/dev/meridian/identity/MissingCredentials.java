package dev.meridian.identity;

import java.util.List;

/** Thrown at start when this environment lacks credentials of its own. */
class MissingCredentials extends RuntimeException {

    MissingCredentials(List<String> missing) {
        super("identity needs credentials of its own outside the dev profile: " + String.join("; ", missing));
    }
}
