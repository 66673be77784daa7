package dev.meridian.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The topics and share groups that edge/kafka/topics.conf declares; the file itself explains its form. */
record TopicsFile(List<Topic> topics, List<Group> groups) {

    record Topic(String name, int partitions, Map<String, String> settings) {}

    record Group(String name, Map<String, String> settings) {}

    /** @throws StackException naming the line that is wrong */
    static TopicsFile read(Path file) throws IOException {
        return parse(file.getFileName().toString(), Files.readAllLines(file));
    }

    static TopicsFile parse(String file, List<String> lines) {
        List<Topic> topics = new ArrayList<>();
        List<Group> groups = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Line at = new Line(file, i + 1, List.of(line.split("\\s+")));
            switch (at.words().getFirst()) {
                case "topic" -> topics.add(new Topic(at.name(), at.partitions(), at.settings(3)));
                case "group" -> groups.add(new Group(at.name(), at.settings(2)));
                default -> throw at.wrong("starts with neither `topic` nor `group`");
            }
            if (!names.add(at.words().getFirst() + " " + at.name())) {
                throw at.wrong("declares " + at.name() + " again");
            }
        }
        return new TopicsFile(List.copyOf(topics), List.copyOf(groups));
    }

    private record Line(String file, int number, List<String> words) {

        String name() {
            if (words.size() < 2 || !words.get(1).matches("[a-zA-Z0-9._-]{1,249}")) {
                throw wrong("lacks a name of letters, digits, '.', '_' and '-'");
            }
            return words.get(1);
        }

        int partitions() {
            if (words.size() < 3 || !words.get(2).matches("[1-9][0-9]{0,3}")) {
                throw wrong("lacks a number of partitions");
            }
            return Integer.parseInt(words.get(2));
        }

        Map<String, String> settings(int from) {
            Map<String, String> settings = new LinkedHashMap<>();
            for (String word : words.subList(Math.min(from, words.size()), words.size())) {
                int equals = word.indexOf('=');
                if (equals < 1) {
                    throw wrong("has `" + word + "` where SETTING=VALUE belongs");
                }
                if (settings.put(word.substring(0, equals), word.substring(equals + 1)) != null) {
                    throw wrong("sets " + word.substring(0, equals) + " twice");
                }
            }
            return Map.copyOf(settings);
        }

        StackException wrong(String what) {
            return new StackException(file + " line " + number + " " + what + ".");
        }
    }
}
