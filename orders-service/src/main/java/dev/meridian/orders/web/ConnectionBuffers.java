package dev.meridian.orders.web;

import org.apache.catalina.connector.Connector;
import org.springframework.boot.tomcat.TomcatConnectorCustomizer;
import org.springframework.stereotype.Component;

/**
 * Smaller socket buffers than Tomcat's 8 KiB each: an open stream of events keeps them for minutes. A request still fits
 * into one; a page of orders is written in a few steps more. The sizes are per connection.
 */
@Component
class ConnectionBuffers implements TomcatConnectorCustomizer {

    @Override
    public void customize(Connector connector) {
        connector.setProperty("socket.appReadBufSize", "2048");
        connector.setProperty("socket.appWriteBufSize", "4096");
    }
}
