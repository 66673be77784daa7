package dev.meridian.local.process;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.Pattern;

/** The log of one program: bounded, and able to say why its program died. */
public record LogFile(Path path) {

    /** A log larger than this is put aside, in place of the one put aside before, when its program starts. */
    private static final long ROLL_OVER = 4 * 1024 * 1024;

    private static final int TAIL = 64 * 1024;

    private static final int LONGEST_REASON = 300;

    /** What tells most, first. */
    private static final List<Pattern> TELLING = List.of(
            Pattern.compile("^Caused by: "),
            Pattern.compile("FATAL|PANIC|ERROR|Exception|Error:|error:|cannot|could not"),
            Pattern.compile("."));

    private static final Pattern STACK_FRAME = Pattern.compile("\\s+(at |\\.\\.\\. ).*");

    public void rollOver() throws IOException {
        Files.createDirectories(path.resolve("..").normalize());
        if (size() > ROLL_OVER) {
            Files.move(path, path.resolveSibling(path.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** How long it is now; what a program says is what follows. */
    public long size() {
        return path.toFile().length();
    }

    /** The line written since then that most likely says why the program died. */
    public String reasonSince(long position) {
        try (var file = new RandomAccessFile(path.toFile(), "r")) {
            long length = file.length();
            long start = Math.max(position, length - TAIL);
            byte[] bytes = new byte[(int) (length - start)];
            file.seek(start);
            file.readFully(bytes);
            return reason(new String(bytes, StandardCharsets.UTF_8).lines().toList());
        } catch (IOException e) {
            return "";
        }
    }

    /** The deepest cause, else the last complaint, else the last line that says anything. */
    public static String reason(List<String> lines) {
        List<String> said = lines.stream()
                .filter(line -> !line.isBlank() && !STACK_FRAME.matcher(line).matches())
                .map(String::strip)
                .toList();
        int description = said.lastIndexOf("Description:"); // Spring Boot's own diagnosis
        if (description >= 0 && description + 1 < said.size()) {
            return shortened(said.get(description + 1));
        }
        return TELLING.stream()
                .flatMap(telling -> said.reversed().stream()
                        .filter(line -> telling.matcher(line).find()))
                .findFirst()
                .map(LogFile::shortened)
                .orElse("");
    }

    private static String shortened(String line) {
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + "...";
    }
}
