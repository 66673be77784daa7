package dev.meridian.local;

import com.fasterxml.jackson.annotation.JsonValue;

/** The types of component that the infrastructure template knows (docs/infrastructure.md). */
public enum ComponentType {
    CLIENT("client"),
    SERVER("server"),
    LOAD_BALANCER("load balancer"),
    CACHE("cache"),
    DATABASE("database"),
    MESSAGE_BROKER("message broker"),
    QUEUE("queue"),
    WORKER("worker"),
    PROXY("proxy"),
    FIREWALL("firewall"),
    CDN("CDN"),
    OTHER("other");

    private final String label;

    ComponentType(String label) {
        this.label = label;
    }

    /** The template's own wording. */
    @Override
    @JsonValue
    public String toString() {
        return label;
    }
}
