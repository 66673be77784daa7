package dev.meridian.startup;

import org.springframework.core.env.PropertyResolver;

/** A service does not start with these settings. The user sees the message alone, as one line. */
public class StartRefused extends RuntimeException {

    /** @param reason with what the user can do about it */
    public StartRefused(PropertyResolver settings, String reason) {
        super(settings.getProperty("spring.application.name") + " does not start: " + reason);
    }
}
