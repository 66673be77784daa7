package dev.meridian.local;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line of the local stack. */
@Command(
        name = "run",
        description = "Starts the whole system on this machine and keeps it running until Ctrl-C.",
        mixinStandardHelpOptions = true,
        subcommands = {
            Run.Status.class,
            Run.Kill.class,
            Run.Pause.class,
            Run.Resume.class,
            Run.Start.class,
            Run.Stop.class,
            Run.Promote.class
        })
final class Run implements Callable<Integer> {

    private static final PrintStream OUT = System.out;

    @Option(names = "--fresh", description = "Wipe the data of earlier runs first.")
    private boolean fresh;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "The port of the front door (default: ${DEFAULT-VALUE}).",
            defaultValue = "" + StackSettings.FRONT_DOOR)
    private int port;

    @Option(
            names = "--synchronous",
            arity = "0..1",
            fallbackValue = "" + Replication.Synchronous.DEFAULT_PATIENCE_SECONDS,
            paramLabel = "SECONDS",
            description = "Acknowledge a commit only when the database's replica has it too, so that `promote` loses"
                    + " none. When the replica is gone for so long (default: ${FALLBACK-VALUE}), the primary goes on"
                    + " alone until it is back.")
    private @Nullable Integer synchronous;

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

    private Path dataFolder() {
        return data != null ? data : StackSettings.defaults().data();
    }

    @Override
    public Integer call() throws InterruptedException {
        StackSettings settings = StackSettings.defaults()
                .withData(dataFolder())
                .withFrontDoor(port)
                .withReplication(replication())
                .withFresh(fresh);
        long begin = System.nanoTime();
        OUT.println("Starting Meridian; data, logs and state are in " + settings.data() + ".");
        CountDownLatch end = new CountDownLatch(1);
        try (Stack stack = Stack.start(settings, OUT::println);
                ControlChannel ignored = ControlChannel.open(stack, end::countDown)) {
            OUT.println();
            print(stack.status());
            OUT.println();
            FrontDoor.Settled order = new FrontDoor(stack.frontDoor()).placeOrder();
            OUT.printf(
                    "First order %s: accepted after %d ms, %s after %d ms.%n",
                    order.id(),
                    order.accepted().toMillis(),
                    order.status(),
                    order.settled().toMillis());
            OUT.printf(
                    "Started in %.1f s. From a second terminal: ./run status|kill|pause|resume|start|stop|promote. Ctrl-C ends it.%n",
                    since(begin).toMillis() / 1e3);
            OUT.println("Ready: " + stack.frontDoor());
            OUT.flush();
            Thread.ofPlatform().daemon().name("training").start(stack::train);
            end.await();
        }
        return 0;
    }

    private Replication replication() {
        return synchronous == null
                ? new Replication.Asynchronous()
                : new Replication.Synchronous(Duration.ofSeconds(synchronous));
    }

    private static Duration since(long begin) {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private static void print(List<Component> components) {
        OUT.printf(
                "%-22s %-15s %-8s %-10s %-7s %-8s %s%n",
                "NAME", "TYPE", "ROLE", "DATACENTER", "STATE", "PID", "ADDRESS");
        for (Component component : components) {
            OUT.printf(
                    "%-22s %-15s %-8s %-10s %-7s %-8s %s%n",
                    component.name(),
                    component.type(),
                    component.role() == null ? "-" : component.role(),
                    component.datacenter(),
                    component.state(),
                    component.pid() == 0 ? "-" : component.pid(),
                    component.address());
        }
    }

    /** A command for a stack that runs in another terminal. */
    abstract static class Remote implements Callable<Integer> {

        @CommandLine.ParentCommand
        private @Nullable Run run;

        @Spec
        private @Nullable CommandSpec spec;

        @Override
        public Integer call() {
            if (run == null || spec == null) {
                throw new IllegalStateException("Started by hand.");
            }
            obey(RemoteStack.on(run.dataFolder()), spec.name());
            return 0;
        }

        abstract void obey(RemoteStack stack, String command);
    }

    @Command(name = "status", description = "Lists all components and what they are doing.", sortOptions = false)
    static final class Status extends Remote {

        @Option(names = "--json", description = "As a JSON array of objects.")
        private boolean json;

        @Override
        void obey(RemoteStack stack, String command) {
            if (json) {
                OUT.println(stack.statusJson());
            } else {
                print(stack.status());
            }
        }
    }

    /** A command for one component. */
    abstract static class Named extends Remote {

        @Parameters(paramLabel = "NAME", description = "The component's name, as `status` shows it.")
        private String name = "";

        @Override
        void obey(RemoteStack stack, String command) {
            stack.command(command, name);
        }
    }

    @Command(name = "kill", description = "Kills a component at once (kill -9).")
    static final class Kill extends Named {}

    @Command(name = "pause", description = "Stops a component's process without ending it (SIGSTOP).")
    static final class Pause extends Named {}

    @Command(name = "resume", description = "Lets a paused component go on (SIGCONT).")
    static final class Resume extends Named {}

    @Command(name = "start", description = "Starts a component that is down and waits until it serves.")
    static final class Start extends Named {}

    @Command(name = "stop", description = "Ends a component in order; without a name, the whole stack.")
    static final class Stop extends Remote {

        @Parameters(paramLabel = "NAME", arity = "0..1", description = "The component's name; none: everything.")
        private String name = "";

        @Override
        void obey(RemoteStack stack, String command) {
            if (name.isEmpty()) {
                stack.stopAll();
            } else {
                stack.command(command, name);
            }
        }
    }

    @Command(
            name = "promote",
            description = "Ends the database's primary and makes its replica the primary. The former primary becomes"
                    + " the replica when it is started again.")
    static final class Promote extends Remote {

        @Override
        void obey(RemoteStack stack, String command) {
            OUT.println(stack.promote() + " is the primary now.");
        }
    }
}
