package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.local.Component;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The filled template names what runs, by its type, and nothing that does not. */
@ExtendWith(RunningSystem.class)
class InfrastructureIT {

    private static final Path TEMPLATE = Path.of("../docs/infrastructure.md");

    /** How the head of the component table begins; other tables of the template name processes too. */
    private static final String HEAD = "| component |";

    /** A row of the component table whose first cell is the names of processes, and nothing else. */
    private static final Pattern ROW =
            Pattern.compile("^\\| ((?:`[a-z0-9-]+`(?:, )?)+) \\| ([^|(]+?) (?:\\(.*?\\) )?\\|");

    private static final Pattern NAME = Pattern.compile("`([^`]+)`");

    @Test
    void theComponentTableIsWhatRuns() throws IOException {
        Map<String, String> described = new TreeMap<>();
        List<String> table = Files.readAllLines(TEMPLATE).stream()
                .dropWhile(line -> !line.startsWith(HEAD))
                .takeWhile(line -> line.startsWith("|"))
                .toList();
        for (String line : table) {
            Matcher row = ROW.matcher(line);
            if (row.find()) {
                NAME.matcher(row.group(1))
                        .results()
                        .map((MatchResult name) -> name.group(1))
                        .forEach(name -> described.put(name, row.group(2)));
            }
        }

        described.keySet().removeAll(Edge.missing());

        Map<String, String> running =
                RunningSystem.stack().status().stream().collect(Collectors.toMap(Component::name, Component::type));

        assertThat(described).isEqualTo(new TreeMap<>(running));
    }

    @Test
    void everyLinkOfTheTemplateLeadsToAFile() throws IOException {
        Matcher links = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(Files.readString(TEMPLATE));
        assertThat(links.results().map(link -> link.group(1)))
                .isNotEmpty()
                .allSatisfy(link -> assertThat(TEMPLATE.resolveSibling(link)).exists());
    }
}
