package dev.meridian.system;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Speaks TLS on loopback for a server that does not; who connects may or may not trust its certificate. */
final class TlsFront implements AutoCloseable {

    /** A certificate that signs itself: the chain and its authority in one. */
    record Certificate(SSLContext context, Path authority) {

        static Certificate of(Path folder, String host) throws Exception {
            Path store = folder.resolve(host + ".p12");
            Path authority = folder.resolve(host + ".crt");
            keytool(
                    "-genkeypair",
                    "-keystore",
                    store.toString(),
                    "-storetype",
                    "PKCS12",
                    "-storepass",
                    "changeit",
                    "-alias",
                    "it",
                    "-keyalg",
                    "EC",
                    "-dname",
                    "CN=" + host,
                    "-ext",
                    "SAN=dns:" + host);
            keytool(
                    "-exportcert",
                    "-rfc",
                    "-keystore",
                    store.toString(),
                    "-storepass",
                    "changeit",
                    "-alias",
                    "it",
                    "-file",
                    authority.toString());
            return new Certificate(context(store), authority);
        }

        private static void keytool(String... arguments) throws Exception {
            ProcessBuilder keytool = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
            keytool.command().addAll(List.of(arguments));
            Process process = keytool.redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) {
                throw new IllegalStateException(said);
            }
        }

        private static SSLContext context(Path store) throws IOException, GeneralSecurityException {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                keys.load(in, "changeit".toCharArray());
            }
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, "changeit".toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            return context;
        }
    }

    private final AtomicInteger trusted = new AtomicInteger();
    private final ServerSocket server;
    private final SSLContext context;
    private final int target;
    private final boolean postgres;

    private TlsFront(Certificate certificate, int target, boolean postgres) throws IOException {
        this.context = certificate.context();
        this.target = target;
        this.postgres = postgres;
        this.server = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
        Thread.startVirtualThread(this::accept);
    }

    /** @param target the port of the server on loopback */
    static TlsFront of(Certificate certificate, int target) throws IOException {
        return new TlsFront(certificate, target, false);
    }

    /** Whose clients ask in the clear whether they may speak TLS. */
    static TlsFront ofPostgres(Certificate certificate, int target) throws IOException {
        return new TlsFront(certificate, target, true);
    }

    String address() {
        return "localhost:" + server.getLocalPort();
    }

    int port() {
        return server.getLocalPort();
    }

    /** How many connections trusted the certificate. */
    int trusted() {
        return trusted.get();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.startVirtualThread(() -> serve(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            if (postgres) {
                client.getInputStream().readNBytes(8); // SSLRequest
                client.getOutputStream().write('S');
            }
            SSLSocket secured = (SSLSocket) context.getSocketFactory().createSocket(client, "localhost", port(), true);
            secured.setUseClientMode(false);
            secured.startHandshake();
            InputStream fromClient = secured.getInputStream();
            try (Socket behind = new Socket(InetAddress.getLoopbackAddress(), target)) {
                Thread.startVirtualThread(() -> copy(behind, secured));
                byte[] some = new byte[8192];
                int count = fromClient.read(some); // in TLS 1.3 a client refuses only now
                trusted.incrementAndGet();
                for (; count >= 0; count = fromClient.read(some)) {
                    behind.getOutputStream().write(some, 0, count);
                }
            }
        } catch (IOException e) {
            // one of the two hung up, or the client does not trust this
        }
    }

    private static void copy(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException e) {
            // one of the two hung up
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
