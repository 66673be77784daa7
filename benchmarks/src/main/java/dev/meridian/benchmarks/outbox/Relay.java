package dev.meridian.benchmarks.outbox;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A relay of outbox records to Kafka whose instances are processes. */
sealed interface Relay extends AutoCloseable permits NamastackRelay, OrdersServiceRelay {

    String name();

    /** The settings that it is measured with. */
    String settings();

    String database();

    /** Makes the database where it is missing and empties the outbox. */
    void prepare() throws IOException, SQLException;

    /** Starts one more instance. */
    Process start(String name) throws IOException;

    /** Whether so many instances take part in the work. */
    boolean ready(int instances) throws SQLException;

    /** Adds the events to the outbox, in order, within the caller's transaction. */
    void insert(Connection connection, List<Event> events) throws SQLException;

    /** The topic that {@link #place} ends in. */
    String placedTopic();

    /**
     * Commits one order with its event the way the relay's application does, and returns the order's id.
     *
     * @throws Exception when it is not certain to have been committed
     */
    UUID place() throws Exception;

    /** When the database committed each order that was placed. */
    Map<UUID, Instant> committed(Connection connection) throws SQLException;

    /** How many events are committed and not yet relayed. */
    int pending(Connection connection) throws SQLException;

    /** Lets go of the connections that it was fed by. */
    @Override
    void close();
}
