package dev.meridian.orders.web;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;

/**
 * The header {@code If-Match} (<a href="https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1">RFC 9110, 13.1.1</a>) as
 * the ETags that it lets through. It compares strongly, so a weak tag lets nothing through.
 */
public final class IfMatch {

    /** One entity tag of the list, and what parts it from the next. */
    private static final Pattern TAG =
            Pattern.compile("\\G[ \\t,]*+(W/)?\"([\\x21\\x23-\\x7E\\x80-\\xFF]*+)\"[ \\t]*+(?:,[ \\t,]*+|$)");

    private IfMatch() {}

    /**
     * @param header null where the request has none
     * @return the tags without their quotes; null where any will do
     * @throws Problem for what is neither {@code *} nor a list of entity tags
     */
    public static @Nullable List<String> tags(@Nullable String header) {
        if (header == null || header.strip().equals("*")) {
            return null;
        }
        List<String> tags = new ArrayList<>();
        int end = 0;
        Matcher tag = TAG.matcher(header);
        while (tag.find()) {
            end = tag.end();
            boolean strong = tag.group(1) == null;
            if (strong) {
                tags.add(tag.group(2));
            }
        }
        if (end == 0 || end < header.length()) {
            throw new Problem(
                            HttpStatus.BAD_REQUEST,
                            "invalid-if-match",
                            "Invalid If-Match",
                            "If-Match takes * or a list of ETags in double quotes.")
                    .inHeader(HttpHeaders.IF_MATCH);
        }
        return List.copyOf(tags);
    }
}
