package dev.meridian.local.process;

import java.util.List;
import java.util.Map;

/**
 * A command that becomes a program's process.
 *
 * @param command the program and its arguments
 * @param identity what goes before it to run as another user than root, or nothing
 * @param environment added to ours
 */
public record Launch(List<String> command, List<String> identity, Map<String, String> environment) {

    public Launch(List<String> command, Map<String, String> environment) {
        this(command, List.of(), environment);
    }
}
