package dev.meridian.system;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.meridian.local.Address;
import dev.meridian.local.ComponentState;
import dev.meridian.local.Stack;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A data store whose disk, or memory, is full: orders are taken or refused, none that was acknowledged is lost. */
@ExtendWith(RunningSystem.class)
class FullDisksIT {

    private static final Duration RECOVERED = Duration.ofSeconds(60);
    private static final Duration SETTLED = Duration.ofSeconds(120);
    private static final String ORDER = Shop.order("TEA-001", 1, "tok_ok");

    private final Stack stack = RunningSystem.stack();
    private final Shop shop = Shop.open();
    private final Books books = Books.ofTheStack();

    @Test
    void withPostgresDiskFullOrdersAreRefusedUntilThereIsSpace() throws Exception {
        try (SmallDisk disk = SmallDisk.under("postgres-primary")) {
            try (Customers customers = Customers.placing(shop, ORDER, 2, Duration.ofMillis(50))) {
                await("orders").atMost(SETTLED).until(() -> customers.placed().size() > 20);
                disk.fill();
                await("orders to be refused").atMost(SETTLED).untilAsserted(() -> {
                    Shop.Answer refused = shop.place(UUID.randomUUID().toString(), ORDER);
                    assertThat(refused.problem()).isIn("temporarily-unavailable", "service-unavailable");
                    assertThat(refused.header("Retry-After")).isNotEmpty();
                });
                disk.empty();
                takesOrdersAgain(customers);
                settlesAndAddsUp(customers.finish());
            }
        }
    }

    @Test
    void withKafkasDiskFullOrdersAreTakenAndSettledOnceThereIsSpace() throws Exception {
        try (SmallDisk disk = SmallDisk.under("kafka")) {
            try (Customers customers = Customers.placing(shop, ORDER, 2, Duration.ofMillis(50))) {
                disk.fill();
                await("Kafka to be in trouble")
                        .atMost(SETTLED)
                        .until(() -> stack.component("kafka").state() == ComponentState.DOWN
                                || books.countOfOrders("PLACED") > 50);
                int before = customers.placed().size();
                await("orders all the same")
                        .atMost(SETTLED)
                        .until(() -> customers.placed().size() > before + 50);
                disk.empty();
                takesOrdersAgain(customers);
                settlesAndAddsUp(customers.finish());
            }
        }
    }

    @Test
    void withRedisFullAndNothingEvictedOrdersAreTakenAndRead() throws Exception {
        redis("CONFIG SET maxmemory-policy noeviction", "CONFIG SET maxmemory 1");
        try {
            String id = shop.place(ORDER);
            shop.settled(id, SETTLED);
            for (int read = 0; read < 5; read++) { // by either instance, before and after one would be kept
                assertThat(shop.order(id).status("/status")).isEqualTo("CONFIRMED");
            }
        } finally {
            redis("CONFIG SET maxmemory 64mb", "CONFIG SET maxmemory-policy allkeys-lru");
        }
    }

    private void takesOrdersAgain(Customers customers) {
        int before = customers.placed().size();
        await("orders within a minute of space").atMost(RECOVERED).until(() -> {
            for (String name : List.of("postgres-primary", "kafka")) {
                stack.start(name); // one that gave up, as its supervisor in a cluster would
            }
            return customers.placed().size() > before + 10;
        });
    }

    private void settlesAndAddsUp(List<Customers.Placed> acknowledged) {
        books.everyAcknowledgedOrderExistsOnce(acknowledged);
        await("every order to settle").atMost(SETTLED).untilAsserted(() -> books.agreeOn(acknowledged));
    }

    private void redis(String... commands) throws IOException {
        try (Socket socket = new Socket(Address.HOST, stack.redis().port())) {
            OutputStream out = socket.getOutputStream();
            out.write(("AUTH admin admin\r\n" + String.join("\r\n", commands) + "\r\nQUIT\r\n").getBytes(US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII).lines())
                    .hasSize(commands.length + 2)
                    .containsOnly("+OK");
        }
    }

    /** A file system of its own for one component's data, that can be filled. */
    private record SmallDisk(String component, Path data, Path aside) implements AutoCloseable {

        /** What fits beside the data. */
        private static final int ROOM_MIB = 64;

        static SmallDisk under(String component) throws IOException, InterruptedException {
            assumeTrue(RunIT.canMount(), "SKIPPED: a full disk takes the right to mount a small one (Linux, root)");
            Path data = RunningSystem.DATA.toAbsolutePath().resolve(component);
            var disk = new SmallDisk(component, data, data.resolveSibling(component + ".aside"));
            RunningSystem.stack().stop(component);
            must("mv", data.toString(), disk.aside.toString());
            Files.createDirectory(data);
            must("mount", "-t", "tmpfs", "none", data.toString());
            must("cp", "-a", disk.aside + "/.", data.toString());
            must(
                    "sh",
                    "-c",
                    "mount -o remount,size=$(($(du -sm '" + data + "' | cut -f1) + " + ROOM_MIB + "))m '" + data + "'");
            RunningSystem.stack().start(component);
            return disk;
        }

        void fill() throws IOException, InterruptedException {
            assertThat(run("dd", "if=/dev/zero", "of=" + data.resolve("filler"), "bs=64k"))
                    .as("dd finds the disk full")
                    .isNotZero();
        }

        void empty() throws IOException {
            Files.delete(data.resolve("filler"));
        }

        @Override
        public void close() throws IOException, InterruptedException {
            RunningSystem.stack().stop(component);
            must("rm", "-rf", aside.toString());
            must("cp", "-a", data.toString(), aside.toString());
            must("umount", "--lazy", data.toString());
            must("rm", "-r", data.toString());
            must("mv", aside.toString(), data.toString());
            RunningSystem.stack().start(component);
        }

        private static void must(String... command) throws IOException, InterruptedException {
            assertThat(run(command)).as(String.join(" ", command)).isZero();
        }

        private static int run(String... command) throws IOException, InterruptedException {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }
    }
}
