package dev.meridian.gateway;

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
 * Refuses bodies of more than 64 KiB, before anything buffers them for a retry.
 *
 * <p>A body that declares its length is refused by that; HTTP/1.1 holds it to its word. Only a chunked body has to be
 * counted as it streams.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 100)
class BodyLimit implements WebFilter {

    static final int MAXIMUM = 64 * 1024;

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        var headers = exchange.getRequest().getHeaders();
        if (headers.getContentLength() > MAXIMUM) {
            return Mono.error(new ResponseStatusException(HttpStatus.CONTENT_TOO_LARGE));
        }
        if (!headers.containsHeader(HttpHeaders.TRANSFER_ENCODING)) {
            return chain.filter(exchange);
        }
        var counted = new ServerHttpRequestDecorator(exchange.getRequest()) {
            @Override
            public Flux<DataBuffer> getBody() {
                return counted(super.getBody());
            }
        };
        return chain.filter(exchange.mutate().request(counted).build());
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
