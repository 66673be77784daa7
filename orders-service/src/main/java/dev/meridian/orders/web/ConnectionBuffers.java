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

    private static final int READ_BYTES = 2 * 1024;
    private static final int WRITE_BYTES = 4 * 1024;

    @Override
    public void customize(Connector connector) {
        set(connector, "socket.appReadBufSize", READ_BYTES);
        set(connector, "socket.appWriteBufSize", WRITE_BYTES);
    }

    /** @throws IllegalStateException if the connector does not know the property, which Tomcat would only log */
    private static void set(Connector connector, String property, int bytes) {
        if (!connector.setProperty(property, Integer.toString(bytes))) {
            throw new IllegalStateException("Tomcat's connector has no property " + property);
        }
    }
}
