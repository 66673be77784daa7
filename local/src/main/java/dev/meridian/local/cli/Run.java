package dev.meridian.local.cli;

import dev.meridian.local.Component;
import dev.meridian.local.FrontDoor;
import dev.meridian.local.Project;
import dev.meridian.local.Stack;
import dev.meridian.local.StackException;
import dev.meridian.local.StackSettings;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** The command line of the local stack; its methods with commands are for a stack that runs in another terminal. */
@Command(
        name = "run",
        description = "Starts the whole system on this machine and keeps it running until Ctrl-C.",
        mixinStandardHelpOptions = true)
final class Run implements Callable<Integer> {

    private static final PrintStream OUT = System.out;

    private static final String ROW = "%-22s %-15s %-8s %-10s %-7s %-8s %s%n";

    @Option(names = "--fresh", description = "Wipe the data of earlier runs first.")
    private boolean fresh;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "The port of the front door (default: ${DEFAULT-VALUE}).",
            defaultValue = "8080")
    private int port;

    @Option(
            names = "--synchronous",
            arity = "0..1",
            defaultValue = "0",
            fallbackValue = "5",
            paramLabel = "SECONDS",
            description = "Acknowledge a commit only when the database's replica has it too, so that `promote` loses"
                    + " none. When the replica is gone for so long (default: ${FALLBACK-VALUE}), the primary goes on"
                    + " alone until it is back.")
    private int synchronous;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description = "Where data, logs and state live (default: .meridian in the project).")
    private @Nullable Path data;

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Run()).setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof StackException) {
                command.getErr().println(failure.getMessage());
                return 1;
            }
            throw failure;
        });
    }

    @Override
    public Integer call() throws InterruptedException {
        StackSettings settings = new StackSettings(dataFolder(), port, fresh, true, Duration.ofSeconds(synchronous));
        long begin = System.nanoTime();
        OUT.println("Starting Meridian; data, logs and state are in " + settings.data() + ".");
        CountDownLatch end = new CountDownLatch(1);
        try (Stack stack = Stack.start(settings, OUT::println);
                ControlChannel ignored = ControlChannel.open(stack, end::countDown)) {
            OUT.println();
            print(stack.status());
            OUT.printf("%n%s%n", new FrontDoor(stack.frontDoor()).placeOrder());
            OUT.printf(
                    "Started in %.1f s. From a second terminal: ./run status|kill|pause|resume|start|stop|promote|backup. Ctrl-C ends it.%n",
                    (System.nanoTime() - begin) / 1e9);
            OUT.println("Ready: " + stack.frontDoor());
            OUT.flush();
            Thread.ofPlatform().daemon().name("training").start(stack::train);
            end.await();
        }
        return 0;
    }

    private Path dataFolder() {
        return data != null ? data : Project.current().data();
    }

    private RemoteStack running() {
        return RemoteStack.on(dataFolder());
    }

    @Command(description = "Lists all components and what they are doing.")
    void status(@Option(names = "--json", description = "As a JSON array of objects.") boolean json) {
        if (json) {
            OUT.println(running().statusJson());
        } else {
            print(running().status());
        }
    }

    @Command(description = "Kills a component at once (kill -9).")
    void kill(@Parameters(paramLabel = "NAME") String name) {
        running().command("kill", name);
    }

    @Command(description = "Stops a component's process without ending it (SIGSTOP).")
    void pause(@Parameters(paramLabel = "NAME") String name) {
        running().command("pause", name);
    }

    @Command(description = "Lets a paused component go on (SIGCONT).")
    void resume(@Parameters(paramLabel = "NAME") String name) {
        running().command("resume", name);
    }

    @Command(description = "Starts a component that is down and waits until it serves.")
    void start(@Parameters(paramLabel = "NAME") String name) {
        running().command("start", name);
    }

    @Command(description = "Ends a component in order; without a name, the whole stack.")
    void stop(@Parameters(paramLabel = "NAME", arity = "0..1") @Nullable String name) {
        if (name == null) {
            running().stopAll();
        } else {
            running().command("stop", name);
        }
    }

    @Command(
            description = "Ends the database's primary and makes its replica the primary. The former primary becomes"
                    + " the replica when it is started again.")
    void promote() {
        OUT.println(running().command("promote", "") + " is the primary now.");
    }

    @Command(description = "Writes all data of the databases to a file, while everything goes on.")
    void backup(@Parameters(paramLabel = "FILE") Path file) {
        running().command("backup", file.toAbsolutePath().normalize().toString());
        OUT.println("All data are in " + file + ".");
    }

    @Command(description = "Replaces all data by those of a backup; no stack may run on them.")
    void restore(@Parameters(paramLabel = "FILE") Path file) {
        Stack.restore(StackSettings.isolated(dataFolder()), file.toAbsolutePath());
        OUT.println("The data are those of " + file + ". ./run starts the system on them.");
    }

    private static void print(List<Component> components) {
        OUT.printf(ROW, "NAME", "TYPE", "ROLE", "DATACENTER", "STATE", "PID", "ADDRESS");
        for (Component component : components) {
            OUT.printf(
                    ROW,
                    component.name(),
                    component.type(),
                    component.role() == null ? "-" : component.role(),
                    component.datacenter(),
                    component.state(),
                    component.pid() == 0 ? "-" : component.pid(),
                    component.address());
        }
    }
}
