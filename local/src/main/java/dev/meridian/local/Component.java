package dev.meridian.local;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * A component as it stands now.
 *
 * @param type its type in the infrastructure template, see docs/infrastructure.md
 * @param role of a database server; null where a component has none
 * @param pid its process, or 0 when there is none
 * @param address host:port, or a URL where it speaks HTTP
 */
public record Component(
        String name,
        String type,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable PostgresRole role,
        String datacenter,
        ComponentState state,
        long pid,
        String address) {

    /** The only one here; part of the names of what each datacenter has for itself. */
    public static final String DATACENTER = "dc1";
}
