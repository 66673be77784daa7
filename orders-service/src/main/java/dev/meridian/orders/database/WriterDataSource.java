package dev.meridian.orders.database;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** The primary, whose transactions move their callers' {@link Horizon}. */
final class WriterDataSource extends DelegatingDataSource {

    WriterDataSource(DataSource pool) {
        super(pool);
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection connection = super.getConnection();
        Tracked.track(connection, any -> {});
        return connection;
    }
}
