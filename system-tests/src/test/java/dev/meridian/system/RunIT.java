package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./run} as a user meets it on the terminal. */
class RunIT {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Duration LIMIT = Duration.ofMinutes(5);

    @TempDir
    private Path folder = Path.of("");

    private record Ended(int exit, List<String> out, List<String> err) {}

    @Test
    void aTakenPortIsOneLineAndNothingIsLeftRunning() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Ended run = run("./run", "--port", Integer.toString(taken.getLocalPort()), "--data", data());

            refused(run, Integer.toString(taken.getLocalPort()));
        }
    }

    @Test
    void aDataFolderThatCannotBeWrittenIsOneLine() throws Exception {
        refused(run("./run", "--port", "0", "--data", "/proc/meridian"), "/proc/meridian");
    }

    @Test
    void aFullDataFolderIsOneLine() throws Exception {
        assumeTrue(canMount(), "SKIPPED: a full disk takes the right to mount a small one (Linux, root)");
        Files.createDirectories(Path.of(data()));
        String command = "mount -t tmpfs -o size=4m none '" + data() + "' && ./run --port 0 --data '" + data() + "'";

        refused(run("unshare", "--mount", "sh", "-c", command), data());
    }

    @Test
    void withoutAJdk25ItIsOneLine() throws Exception {
        assumeTrue(canMount(), "SKIPPED: hiding this machine's JDKs takes the right to mount over them (Linux, root)");
        String command = "mount -t tmpfs none /usr/lib/jvm && env -u JAVA_HOME HOME=" + folder
                + " PATH=/usr/bin:/bin ./run --data '" + data() + "'";

        refused(run("unshare", "--mount", "sh", "-c", command), "JDK 25");
    }

    @Test
    @Timeout(value = 12, unit = TimeUnit.MINUTES)
    void itEndsInReadyAndCtrlCLeavesNoProcess() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path out = folder.resolve("out.txt");
        Process run = new ProcessBuilder("./run", "--port", Integer.toString(port), "--data", data())
                .directory(ROOT.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            await().atMost(LIMIT).until(() -> !run.isAlive() || last(out).startsWith("Ready: "));
            assertThat(last(out)).as(() -> content(out)).isEqualTo("Ready: http://localhost:" + port);

            Ended status = run("./run", "status", "--json", "--data", data());
            List<String> names = new ArrayList<>();
            List<Long> pids = new ArrayList<>();
            for (JsonNode component : JsonMapper.shared().readTree(String.join("", status.out()))) {
                names.add(component.at("/name").asString());
                pids.add(component.at("/pid").asLong());
                assertThat(component.at("/state").asString()).isEqualTo("UP");
                assertThat(component.at("/datacenter").asString()).isEqualTo("dc1");
                assertThat(component.at("/type").asString()).isNotEmpty();
                assertThat(component.at("/address").asString()).contains("127.0.0.1");
            }
            List<String> expected = new ArrayList<>(Edge.installed());
            expected.addAll(List.of(
                    "gateway-dc1-1",
                    "discovery-dc1",
                    "identity",
                    "orders-service-dc1-1",
                    "orders-service-dc1-2",
                    "worker-dc1-1",
                    "redis-dc1",
                    "kafka",
                    "postgres-primary",
                    "postgres-replica"));
            assertThat(names).containsExactlyInAnyOrderElementsOf(expected);

            Ended unknown = run("./run", "kill", "nobody", "--data", data());
            assertThat(unknown.exit()).isEqualTo(1);
            assertThat(unknown.err())
                    .singleElement()
                    .asString()
                    .contains("nobody")
                    .contains("gateway-dc1-1");

            interrupt(run);
            assertThat(run.waitFor(240, TimeUnit.SECONDS))
                    .as("ends after Ctrl-C")
                    .isTrue();
            assertThat(pids).noneMatch(pid -> ProcessHandle.of(pid).isPresent());
            assertThat(processesOfThisStack()).isEmpty();
        } finally {
            run.destroy();
        }
    }

    private void refused(Ended run, String naming) {
        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).singleElement().asString().contains(naming);
        assertThat(processesOfThisStack()).isEmpty();
    }

    private String data() {
        return folder.resolve("data").toString();
    }

    private List<String> processesOfThisStack() {
        return ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(command -> command.contains(data()))
                .toList();
    }

    private static void interrupt(Process process) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    }

    static boolean canMount() throws IOException, InterruptedException {
        try {
            return new ProcessBuilder("unshare", "--mount", "true").start().waitFor() == 0
                    && "root".equals(System.getProperty("user.name"));
        } catch (IOException e) {
            return false;
        }
    }

    private Ended run(String... command) throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        Process process = new ProcessBuilder(command)
                .directory(ROOT.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException(String.join(" ", command) + " hangs: " + content(out) + content(err));
        }
        return new Ended(process.exitValue(), Files.readAllLines(out), Files.readAllLines(err));
    }

    private static String last(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        return lines.isEmpty() ? "" : lines.getLast();
    }

    private static String content(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
