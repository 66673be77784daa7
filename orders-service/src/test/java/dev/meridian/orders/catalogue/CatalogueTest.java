package dev.meridian.orders.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.orders.RunningService;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

@RunningService
class CatalogueTest {

    private final Catalogue catalogue;
    private final JdbcClient jdbc;
    private final HikariDataSource writer;

    @Autowired
    CatalogueTest(Catalogue catalogue, JdbcClient jdbc, HikariDataSource writer) {
        this.catalogue = catalogue;
        this.jdbc = jdbc;
        this.writer = writer;
    }

    @Test
    void aNewPriceIsKnownAfterTheNextRefresh() {
        jdbc.sql("INSERT INTO products (sku, name, price, currency) VALUES ('TEA-901', 'Nilgiri', 7.50, 'EUR')")
                .update();
        try {
            assertThat(catalogue.find("TEA-901")).isEmpty();
            catalogue.refresh();
            assertThat(catalogue.find("TEA-901"))
                    .hasValueSatisfying(product ->
                            assertThat(product.price().amount()).isEqualByComparingTo(new BigDecimal("7.50")));
        } finally {
            jdbc.sql("DELETE FROM products WHERE sku = 'TEA-901'").update();
            catalogue.refresh();
        }
    }

    @Test
    void aRefreshGivesItsConnectionBack() {
        for (int i = 0; i < 2 * writer.getMaximumPoolSize(); i++) {
            catalogue.refresh();
        }
        assertThatCode(() -> jdbc.sql("SELECT 1").query(Integer.class).single())
                .as("a connection is still to be had")
                .doesNotThrowAnyException();
        await("nobody to hold a connection")
                .until(() -> writer.getHikariPoolMXBean().getActiveConnections() == 0);
    }
}
