package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers that the documents state are those of the settings. */
class StatedNumbersTest {

    private static final String ORDERS = "orders-service/src/main/resources/application.yml";
    private static final String WORKER = "worker/src/main/resources/application.yml";
    private static final String POSTGRES = "edge/postgres/postgresql.conf";

    /** The first group of the one is the first group of the other. */
    @ParameterizedTest(name = "{1}")
    @CsvSource(delimiter = ';', quoteCharacter = '"', textBlock = """
            docs/promises.md; Beyond ([\\d,]+) connections clients wait; edge/haproxy/haproxy.cfg; \\n    maxconn (\\d+) # the rest
            docs/promises.md; after a time-out of (\\d+) s at most. \\| Beyond; edge/varnish/default.vcl; first_byte_timeout = (\\d+)s
            docs/promises.md; The gateway gives a request up after (\\d+) s; gateway/src/main/resources/application.yml; response-timeout: (\\d+)s
            docs/promises.md; delivered again after (\\d+) s; edge/kafka/topics.conf; share.record.lock.duration.ms=(\\d+)000
            docs/promises.md; its locks in the database are free after (\\d+) s; worker/src/main/resources/application.yml; idle_in_transaction_session_timeout = '(\\d+)s'
            docs/promises.md; after a time-out of (\\d+) ms for the first; orders-service/src/main/resources/application.yml; timeout: (\\d+)ms # what a hanging cache
            docs/promises.md; more than (\\d+) requests a second for long from one address; gateway/src/main/resources/application.yml; address-rate: (\\d+)
            docs/promises.md; more than (\\d+) requests a second for long \\(429\\); gateway/src/main/resources/application.yml; \\n    rate: (\\d+)
            docs/promises.md; try more than (\\d+) wrong; identity/src/main/java/dev/meridian/identity/SignInLimit.java; WRONG_BY_ADDRESS = (\\d+)
            docs/promises.md; one address, or (\\d+) for one account; identity/src/main/java/dev/meridian/identity/SignInLimit.java; WRONG_BY_ACCOUNT = (\\d+)
            docs/promises.md; have more than (\\d+) event streams; orders-service/src/main/resources/application.yml; maximum-per-subject: (\\d+)
            docs/promises.md; ([\\d,]+) JSON tokens; orders-service/src/main/resources/application.yml; max-token-count: (\\d+)
            docs/promises.md; holds back at most (\\d+) GB of the primary; edge/postgres/postgresql.conf; max_slot_wal_keep_size = (\\d+)GB
            """)
    void isTheSetting(String document, String statement, String settings, String setting) throws IOException {
        assertThat(number(document, statement)).isEqualTo(number(settings, setting));
    }

    @Test
    void anOrderIsADeadLetterAfterAsManyFailuresAsThePromiseSays() throws IOException {
        assertThat(text("docs/promises.md")).contains("dead letter after ten failures");
        assertThat(number(WORKER, "\\n +failures: (\\d+)")).isEqualTo(10);
    }

    @Test
    void thePrimaryHasConnectionsForEveryPoolOfFourInstancesOfEach() throws IOException {
        int pools = 4 * number(ORDERS, "maximum-pool-size: (\\d+) # two cores")
                + 4 * number(WORKER, "maximum-pool-size: (\\d+)");

        assertThat(number(POSTGRES, "max_connections = (\\d+)"))
                .as("connections, with 20 for migrations, replication and an operator")
                .isGreaterThanOrEqualTo(pools + 20);
    }

    private static int number(String file, String pattern) throws IOException {
        Matcher matcher = Pattern.compile(pattern).matcher(text(file));
        assertThat(matcher.find()).as("%s in %s", pattern, file).isTrue();
        return Integer.parseInt(matcher.group(1).replace(",", ""));
    }

    private static String text(String file) throws IOException {
        return Files.readString(Path.of("..").resolve(file));
    }
}
