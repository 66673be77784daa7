package dev.meridian.system.faults;

import dev.meridian.system.faults.Call.Reply;
import dev.meridian.system.faults.Call.Request;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A run, for people. */
record Report(
        FaultSettings settings,
        List<Fault.Injected> schedule,
        List<Call> calls,
        List<History.Wish> wishes,
        List<Verdict> verdicts,
        List<String> remarks) {

    /** Clients may meet a dead connection a moment after the process serves again. */
    private static final Duration AFTERMATH = Duration.ofSeconds(2);

    void writeTo(Path file) throws IOException {
        Files.writeString(file, text());
    }

    String text() {
        return Stream.of(header(), promises(), availability(), longestByClient(), counts(), faults())
                .collect(Collectors.joining("\n"));
    }

    private String header() {
        long broken = verdicts.stream().filter(verdict -> !verdict.holds()).count();
        return """
                # Random faults: %s

                Seed %d, %d faults in %.1f minutes, %d calls. The same faults again:

                ```
                mvn verify -Dit.test=RandomFaultsIT -Dtest=NONE -Dsurefire.failIfNoSpecifiedTests=false \\
                  -Dfailsafe.failIfNoSpecifiedTests=false -Dskip.containers \\
                  %s
                ```

                The clients' calls are in `history.jsonl`, one a line.
                %s""".formatted(
                        broken == 0
                                ? "every promise was kept"
                                : broken + (broken == 1 ? " promise was broken" : " promises were broken"),
                        settings.seed(),
                        schedule.size(),
                        settings.time().toMillis() / 60_000.0,
                        calls.size(),
                        settings.toRepeat(),
                        remarks.stream().map(remark -> "\n" + remark + "\n").collect(Collectors.joining()));
    }

    private String promises() {
        StringBuilder text = new StringBuilder("## Promises\n\n| | promise |\n|---|---|\n");
        for (Verdict verdict : verdicts) {
            text.append("| ")
                    .append(verdict.holds() ? "PASS" : "**FAIL**, " + verdict.count())
                    .append(" | ")
                    .append(verdict.promise())
                    .append(" |\n");
        }
        verdicts.stream().filter(verdict -> !verdict.holds()).forEach(verdict -> {
            text.append("\n### ").append(verdict.promise()).append("\n\n");
            verdict.examples()
                    .forEach(example -> text.append("- ").append(example).append('\n'));
        });
        return text.toString();
    }

    private String availability() {
        record Kind(Fault.Kind kind, String component) {}
        Map<Kind, List<Fault.Injected>> kinds = schedule.stream()
                .collect(Collectors.groupingBy(
                        injected -> new Kind(
                                injected.fault().kind(), injected.fault().component()),
                        () -> new TreeMap<>(
                                Comparator.comparing(Kind::component).thenComparing(Kind::kind)),
                        Collectors.toList()));
        StringBuilder text = new StringBuilder("""
                ## Availability

                The longest that a client waited for an answer, with all its retries, while the fault lasted or until
                %d s after it.

                | process | fault | times | a write, s | a read, s | calls that failed |
                |---|---|---:|---:|---:|---:|
                """.formatted(AFTERMATH.toSeconds()));
        kinds.forEach((kind, injected) -> text.append("| `%s` | %s | %d | %.1f | %.1f | %d |\n"
                .formatted(
                        kind.component,
                        kind.kind,
                        injected.size(),
                        longest(injected, true),
                        longest(injected, false),
                        calls.stream()
                                .filter(call -> hasFailed(call) && injected.contains(during(call.start(), call.end())))
                                .count())));
        return text.toString();
    }

    private double longest(List<Fault.Injected> faults, boolean write) {
        return wishes.stream()
                        .filter(wish -> wish.write() == write)
                        .filter(wish -> faults.contains(during(wish.start(), wish.end())))
                        .mapToLong(wish -> wish.length().toMillis())
                        .max()
                        .orElse(0)
                / 1e3;
    }

    /** The fault during which most of it passed; null where there was none. */
    private Fault.@Nullable Injected during(Duration start, Duration end) {
        return schedule.stream()
                .filter(fault -> !overlap(fault, start, end).isNegative())
                .max(Comparator.comparing(fault -> overlap(fault, start, end)))
                .orElse(null);
    }

    private static Duration overlap(Fault.Injected fault, Duration start, Duration end) {
        Duration over = fault.end().plus(AFTERMATH);
        Duration until = end.compareTo(over) < 0 ? end : over;
        return until.minus(start.compareTo(fault.begin()) > 0 ? start : fault.begin());
    }

    private static boolean hasFailed(Call call) {
        return switch (call.reply()) {
            case Reply.Shown _ -> false;
            case Reply.Refused(int status, String _) -> status >= 500 || status == 401 || status == 429;
            case Reply.Silence _ -> true;
        };
    }

    private String longestByClient() {
        Map<Integer, List<History.Wish>> writes = wishes.stream()
                .filter(History.Wish::write)
                .collect(Collectors.groupingBy(History.Wish::client, TreeMap::new, Collectors.toList()));
        StringBuilder text =
                new StringBuilder("## Each client's longest wait for a write\n\n| client | s | at, s | writes |\n"
                        + "|---:|---:|---:|---:|\n");
        writes.forEach((client, own) -> own.stream()
                .max(Comparator.comparing(History.Wish::length))
                .ifPresent(wish -> text.append("| %d | %.1f | %.1f | %d |\n"
                        .formatted(
                                client,
                                wish.length().toMillis() / 1e3,
                                wish.start().toMillis() / 1e3,
                                own.size()))));
        return text.toString();
    }

    private String counts() {
        Map<String, Map<String, Long>> counts = calls.stream()
                .collect(Collectors.groupingBy(
                        call -> name(call.request()),
                        TreeMap::new,
                        Collectors.groupingBy(call -> name(call.reply()), TreeMap::new, Collectors.counting())));
        StringBuilder text = new StringBuilder("## Calls\n\n| operation | answer | count |\n|---|---|---:|\n");
        counts.forEach((operation, answers) -> answers.forEach(
                (answer, count) -> text.append("| %s | %s | %d |\n".formatted(operation, answer, count))));
        return text.toString();
    }

    private static String name(Request request) {
        return switch (request) {
            case Request.Place _ -> "place";
            case Request.Reuse _ -> "reuse a key";
            case Request.Read _ -> "read";
            case Request.FinalRead _ -> "final read";
            case Request.ReadOfAnothers _ -> "read another's";
            case Request.ListOwn _ -> "list";
            case Request.Cancel _ -> "cancel";
        };
    }

    private static String name(Reply reply) {
        return switch (reply) {
            case Reply.Shown(int status, var _, boolean _) -> Integer.toString(status);
            case Reply.Refused(int status, String problem) -> status + " " + problem;
            case Reply.Silence _ -> "none";
        };
    }

    private String faults() {
        return schedule.stream()
                .map(Fault.Injected::toString)
                .collect(Collectors.joining("\n", "## Schedule\n\n```\n", "\n```\n"));
    }
}
