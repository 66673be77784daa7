package dev.meridian.worker.fulfilment;

import static dev.meridian.worker.fulfilment.Orders.line;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

class OrderPlacedTest {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    @Test
    void takesEachSkuOnceInTheOrderOfSkus() {
        var order = Orders.order("tok_ok", line("TEA-001", 2), line("COF-001", 1), line("TEA-001", 3));

        assertThat(order.quantities()).containsExactly(Map.entry("COF-001", 1), Map.entry("TEA-001", 5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\u0000\u0001garbage", "", "null", "[]", "{}", "{\"orderId\":\"not a uuid\"}", """
                {"orderId":"6f0c3f53-4fd9-4a0e-8d58-5a5f1cb1f0a1","customer":"alice","placedAt":"2026-01-01T00:00:00Z",
                 "lines":[{"sku":"TEA-001","quantity":0}],"total":{"amount":"1.00","currency":"EUR"},"paymentToken":"tok_ok"}
                """, """
                {"orderId":"6f0c3f53-4fd9-4a0e-8d58-5a5f1cb1f0a1","customer":"alice","placedAt":"2026-01-01T00:00:00Z",
                 "lines":[],"total":{"amount":"1.00","currency":"EUR"},"paymentToken":"tok_ok"}
                """, """
                {"orderId":"6f0c3f53-4fd9-4a0e-8d58-5a5f1cb1f0a1","customer":"alice","placedAt":"2026-01-01T00:00:00Z",
                 "lines":[{"sku":"A","quantity":2147483647},{"sku":"A","quantity":1}],
                 "total":{"amount":"1.00","currency":"EUR"},"paymentToken":"tok_ok"}
                """, """
                {"orderId":"6f0c3f53-4fd9-4a0e-8d58-5a5f1cb1f0a1","customer":"alice","placedAt":"2026-01-01T00:00:00Z",
                 "lines":[{"sku":"TEA-001","quantity":1}],"total":{"amount":1E+1000000000,"currency":"EUR"},
                 "paymentToken":"tok_ok"}
                """
            })
    void whatIsNoOrderIsNotRead(String value) {
        OrderPlaced read;
        try {
            read = JSON.readValue(value.getBytes(StandardCharsets.UTF_8), OrderPlaced.class);
        } catch (JacksonException expected) {
            return;
        }
        assertThat(read).isNull();
    }
}
