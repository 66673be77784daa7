package dev.meridian.local.process;

import dev.meridian.local.Address;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * A program that is all in its command line, as the cache and those before the gateway are.
 *
 * @param files what is written before each start
 * @param probe asks the program itself whether it serves
 */
public record NativeProgram(
        String name,
        String type,
        String address,
        List<String> after,
        Map<Path, String> files,
        List<String> command,
        Map<String, String> environment,
        BooleanSupplier probe)
        implements Program {

    @Override
    public void prepare() throws IOException {
        for (var file : files.entrySet()) {
            Files.writeString(file.getKey(), file.getValue());
        }
    }

    @Override
    public boolean ready() {
        return probe.getAsBoolean();
    }

    /** Asks where a program tells whether it is ready, at {@code /ready}. */
    public static BooleanSupplier ready(Address inside) {
        return () -> Http.PROBE.answers(URI.create("http://" + inside + "/ready"), 204);
    }
}
