package dev.meridian.orders.catalogue;

import dev.meridian.orders.Money;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Every product, held in memory and read again from the database at a fixed interval
 * ({@code meridian.catalogue.refresh}), so that pricing an order costs no query. A price that changes takes effect
 * within that interval; an order keeps the price it was placed at.
 */
@Component
public class Catalogue {

    private static final Logger log = LoggerFactory.getLogger(Catalogue.class);

    private final JdbcClient jdbc;
    private volatile Map<String, Product> bySku;

    Catalogue(JdbcClient jdbc) {
        this.jdbc = jdbc;
        this.bySku = load();
    }

    public Optional<Product> find(String sku) {
        return Optional.ofNullable(bySku.get(sku));
    }

    /** Every product, in the order of the SKUs. */
    public List<Product> products() {
        return List.copyOf(bySku.values());
    }

    @Scheduled(fixedDelayString = "${meridian.catalogue.refresh}", initialDelayString = "${meridian.catalogue.refresh}")
    void refresh() {
        try {
            bySku = load();
        } catch (DataAccessException e) {
            log.warn("The catalogue could not be read again; the one in memory goes on: {}", e.getMessage());
        }
    }

    private Map<String, Product> load() {
        return jdbc
                .sql("SELECT sku, name, price, currency FROM products ORDER BY sku")
                .query((row, n) -> new Product(
                        row.getString("sku"),
                        row.getString("name"),
                        new Money(row.getBigDecimal("price"), row.getString("currency"))))
                .list() // and not stream(), which would keep its connection until it is closed
                .stream()
                .collect(Collectors.toMap(Product::sku, Function.identity(), (a, b) -> a, LinkedHashMap::new));
    }
}
