package dev.meridian.local.process;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/** Small requests over loopback. The JDK's newer client prepares for TLS first, which costs half a second of start. */
public record Http(Duration limit) {

    /** For asking a program whether it is ready. */
    public static final Http PROBE = new Http(Duration.ofSeconds(1));

    public record Answer(int status, String body) {

        /** For messages: one line. */
        @Override
        public String toString() {
            return status + " " + body.lines().findFirst().orElse("");
        }
    }

    /** Whether a GET is answered with this status. */
    public boolean answers(URI uri, int status) {
        try {
            return send("GET", uri, Map.of(), "").status() == status;
        } catch (IOException e) {
            return false;
        }
    }

    /** @param body of a POST */
    public Answer send(String method, URI uri, Map<String, String> headers, String body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
        try {
            connection.setRequestMethod(method);
            connection.setConnectTimeout((int) limit.toMillis());
            connection.setReadTimeout((int) limit.toMillis());
            connection.setInstanceFollowRedirects(false);
            headers.forEach(connection::setRequestProperty);
            if (method.equals("POST")) {
                connection.setDoOutput(true);
                connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
            }
            int status = connection.getResponseCode();
            try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
                return new Answer(status, in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        } finally {
            connection.disconnect();
        }
    }
}
