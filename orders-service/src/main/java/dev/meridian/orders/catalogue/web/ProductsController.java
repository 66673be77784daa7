package dev.meridian.orders.catalogue.web;

import dev.meridian.orders.catalogue.Catalogue;
import dev.meridian.orders.catalogue.Product;
import dev.meridian.orders.web.ConditionalGet;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.List;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.DigestUtils;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

@RestController
class ProductsController {

    /** How long a CDN or a browser may show a price without asking again. */
    private static final Duration MAX_AGE = Duration.ofSeconds(60);

    private final Catalogue catalogue;
    private final JsonMapper json;

    ProductsController(Catalogue catalogue, JsonMapper json) {
        this.catalogue = catalogue;
        this.json = json;
    }

    record Products(List<Product> products) {}

    @GetMapping(path = "/api/products", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<byte[]> products(HttpServletRequest request) {
        byte[] body = json.writeValueAsBytes(new Products(catalogue.products()));
        // A strong ETag, as RFC 9110 section 8.8.1 has it: it changes with any byte of the body.
        return ConditionalGet.answer(
                request,
                ResponseEntity.ok().cacheControl(CacheControl.maxAge(MAX_AGE).cachePublic()),
                DigestUtils.md5DigestAsHex(body),
                body);
    }
}
