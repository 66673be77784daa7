package dev.meridian.gateway.problems;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpServer;

/**
 * Adds a problem's body to the answers that Reactor Netty gives by itself, with a status and no body, where it refuses a
 * request while it reads it.
 */
@Component
class UnreadableRequests implements NettyServerCustomizer {

    @Override
    public HttpServer apply(HttpServer server) {
        var bodies = new Bodies();
        return server.doOnChannelInit((observer, channel, remote) ->
                channel.pipeline().addAfter(NettyPipeline.HttpCodec, "meridian.bodies", bodies));
    }

    @Sharable
    private static final class Bodies extends ChannelOutboundHandlerAdapter {

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) throws Exception {
            if (message instanceof FullHttpResponse response
                    && problemOf(response) instanceof Problem problem
                    && !response.content().isReadable()
                    && response.headers().containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE, true)) {
                response.release();
                super.write(context, withBody(response, problem), promise);
            } else {
                super.write(context, message, promise);
            }
        }

        private static @Nullable Problem problemOf(FullHttpResponse response) {
            return switch (response.status().code()) {
                case 400 -> Problem.BAD_REQUEST;
                case 414 -> Problem.ADDRESS_TOO_LONG;
                case 431 -> Problem.HEADERS_TOO_LARGE;
                default -> null;
            };
        }

        private static FullHttpResponse withBody(FullHttpResponse response, Problem problem) {
            var json = problem.json();
            var answer = response.replace(Unpooled.wrappedBuffer(json));
            answer.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, MediaType.APPLICATION_PROBLEM_JSON_VALUE)
                    .set(HttpHeaderNames.CONTENT_LENGTH, json.length);
            return answer;
        }
    }
}
