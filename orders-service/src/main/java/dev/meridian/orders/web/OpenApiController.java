package dev.meridian.orders.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.DigestUtils;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Serves the description of the API. The build copies {@code docs/openapi.json} into the jar. */
@RestController
class OpenApiController {

    private final byte[] description;
    private final String tag;

    OpenApiController() throws IOException {
        description = new ClassPathResource("api/openapi.json").getContentAsByteArray();
        tag = DigestUtils.md5DigestAsHex(description);
    }

    /** Caches revalidate it before each use, since it changes with each deployment. */
    @GetMapping(path = "/api/openapi", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<byte[]> description(HttpServletRequest request) {
        return ConditionalGet.answer(
                request, ResponseEntity.ok().cacheControl(CacheControl.noCache().cachePublic()), tag, description);
    }
}
