package dev.meridian.orders.web;

import java.lang.reflect.Type;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.HttpStatus;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.servlet.mvc.method.annotation.RequestBodyAdviceAdapter;

/** Refuses a body with a content coding, since nothing here decodes it (RFC 9110, section 15.5.16). */
@ControllerAdvice
class EncodedBodies extends RequestBodyAdviceAdapter {

    private static final String IDENTITY = "identity";

    @Override
    public boolean supports(MethodParameter parameter, Type type, Class<? extends HttpMessageConverter<?>> converter) {
        return true;
    }

    @Override
    public HttpInputMessage beforeBodyRead(
            HttpInputMessage message,
            MethodParameter parameter,
            Type type,
            Class<? extends HttpMessageConverter<?>> converter) {
        if (!message.getHeaders().getOrEmpty(HttpHeaders.CONTENT_ENCODING).stream()
                .allMatch(IDENTITY::equalsIgnoreCase)) {
            throw new Problem(
                            HttpStatus.UNSUPPORTED_MEDIA_TYPE,
                            Problem.type(HttpStatus.UNSUPPORTED_MEDIA_TYPE),
                            HttpStatus.UNSUPPORTED_MEDIA_TYPE.getReasonPhrase(),
                            "The body must come without a content coding.")
                    .inHeader(HttpHeaders.CONTENT_ENCODING)
                    .with(HttpHeaders.ACCEPT_ENCODING, IDENTITY);
        }
        return message;
    }
}
