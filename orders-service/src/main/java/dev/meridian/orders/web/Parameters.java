package dev.meridian.orders.web;

import java.beans.PropertyEditorSupport;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.springframework.web.bind.WebDataBinder;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.InitBinder;

/**
 * Reads the parameters of paths and queries, each type in one form only. Spring also takes blanks, signs, hexadecimal
 * numbers, the digits of other scripts, other words for true and shortened UUIDs, and a converter that refuses one makes
 * it try its default editor.
 */
@ControllerAdvice
class Parameters {

    private static final Pattern UUIDS = Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");
    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,19}");
    private static final Pattern BOOLEANS = Pattern.compile("true|false");

    @InitBinder
    void read(WebDataBinder binder) {
        binder.registerCustomEditor(UUID.class, new OneForm(UUIDS, UUID::fromString));
        binder.registerCustomEditor(Integer.class, new OneForm(DIGITS, Integer::valueOf));
        binder.registerCustomEditor(long.class, new OneForm(DIGITS, Long::valueOf));
        binder.registerCustomEditor(Boolean.class, new OneForm(BOOLEANS, Boolean::valueOf));
    }

    private static final class OneForm extends PropertyEditorSupport {

        private final Pattern form;
        private final Function<String, ?> reader;

        OneForm(Pattern form, Function<String, ?> reader) {
            this.form = form;
            this.reader = reader;
        }

        @Override
        public void setAsText(String text) {
            if (!form.matcher(text).matches()) {
                throw new IllegalArgumentException("Not of the form " + form);
            }
            setValue(reader.apply(text));
        }
    }
}
