package dev.meridian.local;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** A datacenter; its name is part of the names of the processes that belong to it. */
public record Datacenter(String name) {

    public static final Datacenter DC1 = new Datacenter("dc1");

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public Datacenter {
        if (!name.matches("[a-z][a-z0-9]*")) {
            throw new IllegalArgumentException("Not a datacenter's name: " + name);
        }
    }

    @Override
    @JsonValue
    public String toString() {
        return name;
    }
}
