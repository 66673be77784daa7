package dev.meridian.local.process;

import dev.meridian.local.PostgresRole;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A real program or one of our services: what it is called and how it starts. It runs as a {@link ManagedProcess}. */
public interface Program {

    String name();

    String type();

    /** Of a program that is one of two which change places. */
    default Optional<PostgresRole> role() {
        return Optional.empty();
    }

    /** host:port, or a URL where it speaks HTTP. */
    String address();

    /** The names of the programs that must be up before this one starts. */
    default List<String> after() {
        return List.of();
    }

    /** Brings its files into the state that the start needs; called before every start. */
    default void prepare() throws IOException {}

    /** The program and its arguments. */
    List<String> command() throws IOException;

    /** Added to our own. */
    default Map<String, String> environment() {
        return Map.of();
    }

    /** What goes before the command to run as another user than root, or nothing. */
    default List<String> identity() {
        return List.of();
    }

    /** Asks the program itself whether it serves; takes at most about a second. */
    boolean ready();

    /** Whether it has started far enough for {@link #afterStart}, after which it is ready. */
    default boolean started() {
        return ready();
    }

    /** What has to happen once it has started and before others may use it; safe to repeat. */
    default void afterStart() throws IOException {}

    /** Learns to start faster, where there is a way and it has not: see {@link JavaCommand#train}. */
    default void train(Path log, BooleanSupplier givenUp) throws IOException {}

    /** The signal that asks it to end in order. */
    default Signal stopSignal() {
        return Signal.TERM;
    }

    /** How long it may take to end in order before it is killed. */
    default Duration stopTimeout() {
        return Duration.ofSeconds(10);
    }
}
