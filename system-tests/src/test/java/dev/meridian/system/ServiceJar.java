package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A service started as {@code java -jar} with these settings and no others. */
record ServiceJar(Process process, Path output) implements AutoCloseable {

    private static final int LIMIT_SECONDS = 90;

    static ServiceJar start(Path folder, String module, Map<String, String> environment) throws IOException {
        Path jar = Path.of("..", module, "target", module + "-1.0.0.jar");
        Path output = Files.createTempFile(folder, module, ".txt");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        jar.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().clear(); // of what the tests give to the services that they start
        builder.environment().putAll(environment);
        return new ServiceJar(builder.start(), output);
    }

    String said() throws IOException {
        return Files.readString(output);
    }

    /** Awaits the end by itself, with this status. */
    List<String> ended(boolean well) throws IOException, InterruptedException {
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        close();
        List<String> lines = Files.readAllLines(output);
        assertThat(ended).as(() -> "it ends: " + lines).isTrue();
        assertThat(process.exitValue() == 0).as(lines::toString).isEqualTo(well);
        return lines;
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
