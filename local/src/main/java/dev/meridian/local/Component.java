package dev.meridian.local;

/**
 * A component as it stands now.
 *
 * @param pid its process, or 0 when there is none
 * @param address host:port, or a URL where it speaks HTTP
 */
public record Component(
        String name, ComponentType type, Datacenter datacenter, ComponentState state, long pid, String address) {}
