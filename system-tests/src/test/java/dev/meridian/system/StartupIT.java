package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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

    @Test
    void theIssuerWithoutCredentialsOfItsOwnIsRefused() throws Exception {
        assertThat(refusal("identity", Map.of("SPRING_PROFILES_ACTIVE", "production")))
                .contains("meridian.issuer", "meridian.identity.signing-key");
    }

    /** The one line of a service that does not start. */
    private String refusal(String module, Map<String, String> environment) throws Exception {
        Path jar = Path.of("..", module, "target", module + "-1.0.0.jar");
        Path output = folder.resolve("output.txt");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        jar.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().clear(); // of what the tests give to the services that they start
        builder.environment().putAll(environment);
        Process process = builder.start();
        boolean ended = process.waitFor(90, TimeUnit.SECONDS);
        process.destroyForcibly().waitFor();
        List<String> lines = Files.readAllLines(output);
        assertThat(ended).as(() -> "it ends: " + lines).isTrue();
        assertThat(process.exitValue()).isNotZero();
        assertThat(lines).hasSize(1);
        return lines.getFirst();
    }
}
