package dev.meridian.worker.queue;

import java.sql.SQLException;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.NonTransientDataAccessException;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.transaction.TransactionException;

/** Something that every event needs is not there: the database, the broker. */
public class Outage extends RuntimeException {

    private static final String READ_ONLY_SQL_TRANSACTION = "25006";

    public Outage(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * Whether a failure says nothing about the event at hand. What the database refuses because of the data
     * (a broken constraint, a bad statement) does say something; all else that it fails with does not. A server that
     * refuses to write at all is a primary that was demoted.
     */
    static boolean is(RuntimeException failure) {
        return switch (failure) {
            case Outage _, TransactionException _, NonTransientDataAccessResourceException _ -> true;
            case UncategorizedSQLException refused when isReadOnly(refused) -> true;
            case NonTransientDataAccessException _ -> false;
            case DataAccessException _ -> true;
            default -> false;
        };
    }

    private static boolean isReadOnly(UncategorizedSQLException refused) {
        SQLException cause = refused.getSQLException();
        return cause != null && READ_ONLY_SQL_TRANSACTION.equals(cause.getSQLState());
    }
}
