package dev.meridian.local;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The stack that another process of this machine runs on a data folder. */
final class RemoteStack {

    /** Starting one program may take this long; everything else is quick. */
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(90);

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final DataFolder.Supervisor supervisor;

    private RemoteStack(DataFolder.Supervisor supervisor) {
        this.supervisor = supervisor;
    }

    /** @throws StackException when no stack runs on that folder */
    static RemoteStack on(Path data) {
        Path folder = data.toAbsolutePath().normalize();
        try {
            Optional<DataFolder.Supervisor> supervisor =
                    DataFolder.supervisor(folder).filter(left -> left.process().isAlive());
            if (supervisor.isEmpty()) {
                throw new StackException("No stack runs on the data folder " + folder + ".");
            }
            if (supervisor.get().control() == 0) {
                throw new StackException("The stack on the data folder " + folder + " takes no commands (yet).");
            }
            return new RemoteStack(supervisor.get());
        } catch (IOException e) {
            throw new StackException("Cannot read the state of the stack in " + folder + ": " + e, e);
        }
    }

    List<Component> status() {
        return JSON.readValue(statusJson(), new TypeReference<>() {});
    }

    String statusJson() {
        return ask("status", "");
    }

    /** @throws StackException with the supervisor's own words when it refuses */
    void command(String command, String name) {
        ask(command, name);
    }

    /** @return the name of the server that is the primary now */
    String promote() {
        return ask("promote", "");
    }

    /** Ends the whole stack and returns when it has ended. */
    void stopAll() {
        ask("stop", "");
        if (!Deadline.in(STOP_LIMIT).await(() -> !supervisor.process().isAlive())) {
            throw new StackException("The stack did not end within " + STOP_LIMIT.toSeconds() + " s.");
        }
    }

    private String ask(String command, String name) {
        URI uri = URI.create("http://" + Address.HOST + ":" + supervisor.control() + "/" + command
                + (name.isEmpty() ? "" : "/" + name));
        try {
            Http.Answer answer =
                    new Http(LIMIT).post(uri, Map.of("Authorization", "Bearer " + supervisor.secret()), "");
            if (!answer.is(200)) {
                throw new StackException(answer.body());
            }
            return answer.body();
        } catch (IOException e) {
            throw new StackException("The stack does not answer (" + e + ").", e);
        }
    }
}
