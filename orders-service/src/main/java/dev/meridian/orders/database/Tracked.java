package dev.meridian.orders.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Takes the position of a transaction for the {@link Horizon} of those on whose behalf it runs. */
final class Tracked implements TransactionSynchronization, Ordered {

    private static final Logger log = LoggerFactory.getLogger(Tracked.class);

    private final Connection connection;
    private final Horizon horizon;
    private final boolean readOnly;
    private final Consumer<Standing> found;

    private Tracked(Connection connection, Horizon horizon, boolean readOnly, Consumer<Standing> found) {
        this.connection = connection;
        this.horizon = horizon;
        this.readOnly = readOnly;
        this.found = found;
    }

    /**
     * To be called once for each connection that a transaction gets.
     *
     * @param found hears of what a read found out about its server
     */
    static void track(Connection connection, Consumer<Standing> found) {
        if (TransactionSynchronizationManager.isActualTransactionActive()
                && TransactionSynchronizationManager.isSynchronizationActive()) {
            boolean readOnly = TransactionSynchronizationManager.isCurrentTransactionReadOnly();
            Horizon.current()
                    .ifPresent(horizon -> TransactionSynchronizationManager.registerSynchronization(
                            new Tracked(connection, horizon, readOnly, found)));
        }
    }

    /** What was read was visible before this question. */
    @Override
    public void beforeCommit(boolean any) {
        if (readOnly) {
            try {
                Standing standing = Standing.of(connection);
                found.accept(standing);
                horizon.saw(standing.bound());
            } catch (SQLException e) {
                throw new DataAccessResourceFailureException("The position of a read is not to be had", e);
            }
        }
    }

    /**
     * What was written is at or before a position of after the commit. The transaction stands whatever happens here:
     * without an answer the caller's position stays where it was.
     */
    @Override
    public void afterCommit() {
        if (!readOnly) {
            try {
                connection.setAutoCommit(true); // else the question would begin a transaction, and cost a commit
                horizon.saw(Standing.of(connection).bound());
            } catch (SQLException e) {
                log.warn("The position of a write is not to be had: {}", e.getMessage());
            }
        }
    }

    /** Before whoever else acts on the commit. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }
}
