package dev.meridian.gateway.problems;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Date;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/**
 * Gives each answer what it lacks: an error without a body the body of a problem, as where Reactor Netty refuses a
 * request while it reads it; any answer its date (RFC 9110, section 6.6.1); and an answer to HTTP/1.0, which knows no
 * chunks, its end with the connection (RFC 9112, section 6.1).
 */
@Component
class AnswerCompletion implements NettyServerCustomizer {

    @Override
    public HttpServer apply(HttpServer server) {
        var completion = new Completion();
        return server.doOnChannelInit((observer, channel, remote) ->
                        channel.pipeline().addAfter(NettyPipeline.HttpCodec, "meridian.completion", completion))
                .mapHandle((answer, exchange) -> {
                    if (exchange instanceof HttpServerRequest request
                            && HttpVersion.HTTP_1_0.equals(request.version())
                            && exchange instanceof HttpServerResponse response) {
                        response.chunkedTransfer(false).keepAlive(false);
                    }
                    return answer;
                });
    }

    @Sharable
    private static final class Completion extends ChannelOutboundHandlerAdapter {

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws Exception {
            if (message instanceof HttpResponse response && response.status().code() >= 200) {
                if (!response.headers().contains(HttpHeaderNames.DATE)) {
                    response.headers().set(HttpHeaderNames.DATE, DateFormatter.format(new Date()));
                }
                if (response instanceof FullHttpResponse whole
                        && whole.status().code() >= 400
                        && !whole.content().isReadable()
                        && !whole.headers().contains(HttpHeaderNames.CONTENT_TYPE)) {
                    super.write(context, problem(whole), promise);
                    return;
                }
            }
            super.write(context, message, promise);
        }

        /** Netty leaves the body out of an answer to HEAD. */
        private static FullHttpResponse problem(FullHttpResponse empty) {
            empty.release();
            var told = Problem.of(HttpStatusCode.valueOf(empty.status().code()));
            var json = told.json();
            var problem = empty.replace(Unpooled.wrappedBuffer(json));
            problem.setStatus(HttpResponseStatus.valueOf(told.status().value()));
            problem.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, MediaType.APPLICATION_PROBLEM_JSON_VALUE)
                    .set(HttpHeaderNames.CONTENT_LENGTH, json.length)
                    .remove(HttpHeaderNames.TRANSFER_ENCODING);
            return problem;
        }
    }
}
