package dev.meridian.orders.database;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.stereotype.Component;

/** Where everything has happened first. */
@Component
public class Primary {

    private final HikariDataSource writer;

    Primary(@Qualifier("writer") HikariDataSource writer) {
        this.writer = writer;
    }

    /**
     * A position that is not before anything that was committed and seen until now. One round trip.
     *
     * @throws DataAccessResourceFailureException where the primary does not answer
     */
    public Position position() {
        try (Connection connection = writer.getConnection()) {
            return Standing.of(connection).bound();
        } catch (SQLException e) {
            throw new DataAccessResourceFailureException("The primary does not say how far it is", e);
        }
    }
}
