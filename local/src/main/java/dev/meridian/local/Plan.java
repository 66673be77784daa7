package dev.meridian.local;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a stack consists of.
 *
 * @param programs in the order in which they are listed; in which they start, each says itself
 * @param cdnInside where the CDN is told to forget, where there is one
 * @param ports what was taken for them
 * @param remarks what the user should know about it, a line each
 */
record Plan(
        List<Program> programs,
        URI frontDoor,
        PostgresPair postgres,
        Address kafka,
        Address redis,
        Optional<Address> cdnInside,
        List<Integer> ports,
        List<String> remarks)
        implements AutoCloseable {

    /** How many others must be up before it, one after the other. */
    int level(Program program) {
        return program.after().stream()
                .map(this::named)
                .mapToInt(before -> 1 + level(before))
                .max()
                .orElse(0);
    }

    private Program named(String name) {
        return programs.stream()
                .filter(program -> program.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The same without all other programs. */
    Plan only(Set<String> names) {
        return new Plan(
                programs.stream()
                        .filter(program -> names.contains(program.name()))
                        .toList(),
                frontDoor,
                postgres,
                kafka,
                redis,
                cdnInside,
                ports,
                remarks);
    }

    @Override
    public void close() {
        ports.forEach(Ports::giveBack);
    }
}
