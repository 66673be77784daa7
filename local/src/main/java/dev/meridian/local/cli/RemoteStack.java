package dev.meridian.local.cli;

import dev.meridian.local.Component;
import dev.meridian.local.DataFolder;
import dev.meridian.local.StackException;
import dev.meridian.local.process.Deadline;
import dev.meridian.local.process.Http;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The stack that another process of this machine runs on a data folder. */
public record RemoteStack(DataFolder.Supervisor supervisor) {

    /** Starting one program may take this long; everything else is quick. */
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(90);

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** @throws StackException when no stack runs on that folder */
    public static RemoteStack on(Path data) {
        Path folder = data.toAbsolutePath().normalize();
        try {
            DataFolder.Supervisor supervisor = DataFolder.supervisor(folder)
                    .filter(left -> left.process().isAlive())
                    .orElseThrow(() -> new StackException("No stack runs on the data folder " + folder + "."));
            if (supervisor.control().isEmpty()) {
                throw new StackException("The stack on the data folder " + folder + " takes no commands (yet).");
            }
            return new RemoteStack(supervisor);
        } catch (IOException e) {
            throw new StackException("Cannot read the state of the stack in " + folder + ": " + e, e);
        }
    }

    public List<Component> status() {
        return JSON.readValue(statusJson(), new TypeReference<>() {});
    }

    public String statusJson() {
        return command("status", "");
    }

    /** Ends the whole stack and returns when it has ended. */
    public void stopAll() {
        command("stop", "");
        if (!Deadline.in(STOP_LIMIT).await(() -> !supervisor.process().isAlive())) {
            throw new StackException("The stack did not end within " + STOP_LIMIT.toSeconds() + " s.");
        }
    }

    /**
     * Returns the supervisor's answer, empty where the command has none.
     *
     * @param name the component or file that it is for, or empty
     * @throws StackException with the supervisor's own words when it refuses
     */
    public String command(String command, String name) {
        URI uri = URI.create(supervisor.control() + command);
        try {
            Http.Answer answer = new Http(LIMIT).send("POST", uri, Map.of(), name);
            if (answer.status() != 200) {
                throw new StackException(answer.body());
            }
            return answer.body();
        } catch (IOException e) {
            throw new StackException("The stack does not answer (" + e + ").", e);
        }
    }
}
