package dev.meridian.system;

import static org.awaitility.Awaitility.await;

import dev.meridian.local.Component;
import dev.meridian.local.ComponentState;
import dev.meridian.local.Stack;
import dev.meridian.local.StackSettings;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The whole system, started once for all tests of this module, on free ports with a data folder of its own. After each
 * test everything runs again, whatever the test did to it.
 */
final class RunningSystem implements AfterEachCallback {

    static final Path DATA = Path.of("target", "stack");
    private static final Duration START_LIMIT = Duration.ofSeconds(90);

    private static Stack stack = Stack.start(StackSettings.isolated(DATA).withFresh(true), System.out::println);

    static Stack stack() {
        return stack;
    }

    /** Ends every process, and starts the system again on the data it left. */
    static void restart() {
        stack.close();
        stack = Stack.start(StackSettings.isolated(DATA), System.out::println);
    }

    @Override
    public void afterEach(ExtensionContext test) {
        List<Component> components = stack.status();
        if (components.stream().allMatch(component -> component.state() == ComponentState.UP) && frontDoorLeadsIn()) {
            return; // as after most tests
        }
        for (Component component : components) {
            switch (component.state()) {
                case UP -> {}
                case PAUSED -> stack.resume(component.name());
                case DOWN -> stack.start(component.name());
            }
            stack.await(component.name(), ComponentState.UP, START_LIMIT);
        }
        await("the load balancer to find its gateway again").atMost(START_LIMIT).until(RunningSystem::frontDoorLeadsIn);
    }

    private static boolean frontDoorLeadsIn() {
        Shop.Answer answer =
                Shop.trySend(HttpRequest.newBuilder(stack.frontDoor().resolve("/api/openapi")));
        return answer != null && answer.status() == 200;
    }
}
