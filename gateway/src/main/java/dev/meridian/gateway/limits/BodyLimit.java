package dev.meridian.gateway.limits;

import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Refuses bodies of more than 64 KiB, before anything buffers them for a retry, and those that take too long to arrive.
 *
 * <p>A body that declares its length is refused by that; HTTP/1.1 holds it to its word. Only a chunked body has to be
 * counted as it streams.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 100)
class BodyLimit implements WebFilter {

    static final int MAXIMUM = 64 * 1024;

    private final Mono<Object> late;

    BodyLimit(Limits limits) {
        this.late = Mono.delay(limits.requestTime())
                .then(Mono.error(() -> new ResponseStatusException(HttpStatus.REQUEST_TIMEOUT)));
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        var headers = exchange.getRequest().getHeaders();
        long declared = headers.getContentLength();
        if (declared > MAXIMUM) {
            return Mono.error(new ResponseStatusException(HttpStatus.CONTENT_TOO_LARGE));
        }
        boolean chunked = headers.containsHeader(HttpHeaders.TRANSFER_ENCODING);
        if (declared <= 0 && !chunked) {
            return chain.filter(exchange);
        }
        var limited = new ServerHttpRequestDecorator(exchange.getRequest()) {
            @Override
            public Flux<DataBuffer> getBody() {
                return (chunked ? counted(super.getBody()) : super.getBody()).takeUntilOther(late);
            }
        };
        return chain.filter(exchange.mutate().request(limited).build());
    }

    private static Flux<DataBuffer> counted(Flux<DataBuffer> body) {
        return Flux.defer(() -> {
            var length = new long[1];
            return body.<DataBuffer>handle((part, sink) -> {
                length[0] += part.readableByteCount();
                if (length[0] > MAXIMUM) {
                    DataBufferUtils.release(part);
                    sink.error(new ResponseStatusException(HttpStatus.CONTENT_TOO_LARGE));
                } else {
                    sink.next(part);
                }
            });
        });
    }
}
