package dev.meridian.local;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A real program or one of our services: what it is called and how it starts. Its process is a {@link Child}. */
sealed interface Program permits Postgres, Redis, KafkaBroker, JavaService, HaProxy, Varnish {

    String name();

    ComponentType type();

    Datacenter datacenter();

    /** Of a program that is one of two which change places. */
    default Optional<PostgresRole> role() {
        return Optional.empty();
    }

    /** host:port, or a URL where it speaks HTTP. */
    String address();

    /** The names of the programs that must be up before this one starts. */
    List<String> after();

    /** Brings its files into the state that the launch needs; called before every launch. */
    void prepare() throws IOException;

    Launch launch() throws IOException;

    /** Asks the program itself whether it serves; takes at most about a second. */
    boolean ready();

    /** What it answers instead of being ready, in one line; empty where it has no words for it. */
    default String excuse() {
        return "";
    }

    /** Whether it has started far enough for {@link #introduce}, after which it is ready. */
    default boolean canBeIntroduced() {
        return ready();
    }

    /** What has to happen once it has started and before others may use it; safe to repeat. */
    default void introduce() throws IOException {}

    /** How it comes to start faster, where there is a way. */
    default Optional<Training> training() {
        return Optional.empty();
    }

    /** The signal that asks it to end in order. */
    default Signal farewell() {
        return Signal.TERM;
    }

    /** How long it may take to end in order before it is killed. */
    default Duration patience() {
        return Duration.ofSeconds(10);
    }
}
