package dev.meridian.gateway.problems;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.stream.Stream;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.stereotype.Component;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpServer;

/**
 * Answers a request that says it is the last of its connection, however soon it comes after the one before, and closes
 * the connection then (RFC 9112, section 9.6).
 *
 * <p>Reactor Netty 1.3.8 loses such a request while it has not done with the one before: it lets it wait, and forgets
 * those that wait on a connection that is to end. So it is not told of the end.
 */
@Component
class LastRequests implements NettyServerCustomizer {

    @Override
    public HttpServer apply(HttpServer server) {
        return server.doOnChannelInit((observer, channel, remote) ->
                channel.pipeline().addAfter(NettyPipeline.HttpCodec, "meridian.last-requests", new Ending()));
    }

    private static final class Ending extends ChannelDuplexHandler {

        private int unanswered;
        private boolean last;
        private boolean complete;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (complete) {
                ReferenceCountUtil.release(message); // nothing comes after the last
                return;
            }
            if (message instanceof HttpRequest request) {
                unanswered++;
                last = isLast(request);
            }
            complete = last && message instanceof LastHttpContent;
            context.fireChannelRead(message);
        }

        /** HTTP/1.0 ends with each request, and {@link AnswerCompletion} sees to that. */
        private static boolean isLast(HttpRequest request) {
            var headers = request.headers();
            if (!HttpVersion.HTTP_1_1.equals(request.protocolVersion())
                    || !headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE, true)) {
                return false;
            }
            var others = headers.getAll(HttpHeaderNames.CONNECTION).stream()
                    .flatMap(value -> Stream.of(value.split(",")))
                    .map(String::strip)
                    .filter(option -> !HttpHeaderValues.CLOSE.contentEqualsIgnoreCase(option))
                    .toList();
            headers.set(HttpHeaderNames.CONNECTION, others);
            return true;
        }

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            boolean ends = last && unanswered == 1;
            if (message instanceof HttpResponse response) {
                if (response.status().code() < 200) {
                    context.write(message, promise);
                    return;
                }
                if (ends) {
                    response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
                }
            }
            if (!(message instanceof LastHttpContent)) {
                context.write(message, promise);
                return;
            }
            unanswered--;
            var written = context.write(message, promise.unvoid());
            if (ends) {
                written.addListener(ChannelFutureListener.CLOSE);
            }
        }
    }
}
