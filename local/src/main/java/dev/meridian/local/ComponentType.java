package dev.meridian.local;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Those types of component of the infrastructure template (docs/infrastructure.md) that run as a process here. */
public enum ComponentType {
    SERVER,
    LOAD_BALANCER,
    CACHE,
    DATABASE,
    MESSAGE_BROKER,
    WORKER,
    PROXY,
    CDN,
    OTHER;

    /** The template's own wording. */
    @Override
    @JsonValue
    public String toString() {
        return this == CDN ? name() : name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
