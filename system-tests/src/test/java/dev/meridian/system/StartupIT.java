package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code java -jar} with settings that a service refuses: one line, and the end of the process. */
class StartupIT {

    @TempDir
    private Path folder = Path.of("");

    @ParameterizedTest
    @ValueSource(strings = {"discovery", "identity", "gateway", "orders-service", "worker"})
    void withoutAProfileItIsOneLine(String module) throws Exception {
        assertThat(refusal(module, Map.of()))
                .isEqualTo(module
                        + " does not start: no profile is active; set SPRING_PROFILES_ACTIVE, for development to dev");
    }

    @ParameterizedTest
    @CsvSource({"orders-service, orders, orders_migrator", "worker, fulfilment, fulfilment_migrator"})
    void developmentPasswordsOfADatabaseAreRefusedInProduction(String module, String service, String migrator)
            throws Exception {
        assertThat(refusal(
                        module,
                        Map.of(
                                "SPRING_PROFILES_ACTIVE",
                                "production",
                                "SPRING_DATASOURCE_PASSWORD",
                                service,
                                "SPRING_FLYWAY_PASSWORD",
                                migrator)))
                .startsWith(module + " does not start: ")
                .endsWith("production; set others for spring.datasource.password, spring.flyway.password");
    }

    @Test
    void developmentSecretsOfUsersAndClientsAreRefusedInProduction() throws Exception {
        String client = "spring.security.oauth2.authorizationserver.client.operator.registration.client-secret";
        assertThat(refusal(
                        "identity",
                        Map.of(
                                "SPRING_PROFILES_ACTIVE",
                                "production",
                                "MERIDIAN_IDENTITY_USERS_OLIVIA_PASSWORD",
                                "{noop}olivia",
                                "SPRING_SECURITY_OAUTH2_AUTHORIZATIONSERVER_CLIENT_OPERATOR_REGISTRATION_CLIENTSECRET",
                                "{noop}operator")))
                .endsWith("production; set others for meridian.identity.users.olivia.password, " + client);
    }

    @Test
    void theDevelopmentProfileBesideAnotherIsRefused() throws Exception {
        assertThat(refusal("worker", Map.of("SPRING_PROFILES_ACTIVE", "dev,production")))
                .endsWith("dev,production; set others for meridian.kafka.password, meridian.registry.password,"
                        + " spring.datasource.password, spring.flyway.password");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "discovery | meridian.datacenter, meridian.registry.password",
                "gateway | meridian.datacenter, meridian.issuer, meridian.jwk-set-uri, meridian.registry.password,"
                        + " spring.data.redis.host, spring.data.redis.password, spring.data.redis.port",
                "orders-service | meridian.datacenter, meridian.issuer, meridian.jwk-set-uri, meridian.kafka.password,"
                        + " meridian.postgres, meridian.registry.password, spring.data.redis.host,"
                        + " spring.data.redis.password, spring.datasource.password, spring.kafka.bootstrap-servers",
                "worker | meridian.datacenter, meridian.kafka.password, meridian.postgres, meridian.registry.password,"
                        + " spring.datasource.password, spring.kafka.bootstrap-servers"
            })
    void whatIsMissingIsToldAtOnce(String module, String names) throws Exception {
        assertThat(refusal(module, Map.of("SPRING_PROFILES_ACTIVE", "staging")))
                .isEqualTo(module + " does not start: without " + names);
    }

    @Test
    void aFolderOfSecretsThatIsNotThereIsOneLine() throws Exception {
        assertThat(refusal(
                        "worker",
                        Map.of(
                                "SPRING_PROFILES_ACTIVE",
                                "staging",
                                "SPRING_CONFIG_IMPORT",
                                "configtree:/run/nothing/")))
                .contains(" does not start: ", "configtree:/run/nothing/");
    }

    @Test
    void theIssuerWithoutCredentialsOfItsOwnIsRefused() throws Exception {
        assertThat(refusal("identity", Map.of("SPRING_PROFILES_ACTIVE", "production")))
                .contains("meridian.issuer", "meridian.identity.signing-key");
    }

    /** The one line of a service that does not start. */
    private String refusal(String module, Map<String, String> environment) throws Exception {
        List<String> lines = ServiceJar.start(folder, module, environment).ended(false);
        assertThat(lines).hasSize(1);
        return lines.getFirst();
    }
}
