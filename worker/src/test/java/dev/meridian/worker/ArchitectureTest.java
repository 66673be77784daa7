package dev.meridian.worker;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.meridian.worker.payment.simulated.Simulation;
import dev.meridian.worker.queue.QueueThatKnowsPayments;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

class ArchitectureTest {

    private static final JavaClasses WORKER = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.meridian.worker");

    private static final ArchRule PROVIDERS_ARE_KNOWN_BY_THEIR_PORT = noClasses()
            .that()
            .resideOutsideOfPackage("dev.meridian.worker.payment.simulated..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.meridian.worker.payment.simulated..");

    private static final ArchRule VALUES_KNOW_NO_FRAMEWORK = noClasses()
            .that(new DescribedPredicate<JavaClass>("are values, not settings") {
                @Override
                public boolean test(JavaClass type) {
                    return (type.isRecord() || type.isEnum())
                            && !type.getSimpleName().endsWith("Settings");
                }
            })
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.springframework..", "org.apache.kafka.clients.producer..");

    private static final ArchRule ONLY_THE_QUEUE_TAKES_FROM_IT = noClasses()
            .that()
            .resideOutsideOfPackage("dev.meridian.worker.queue..")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ShareConsumer.class);

    private static final ArchRule THE_QUEUE_KNOWS_NO_ORDERS = classes()
            .that()
            .resideInAPackage("dev.meridian.worker.queue..")
            .should()
            .onlyDependOnClassesThat()
            .resideOutsideOfPackages("dev.meridian.worker.fulfilment..", "dev.meridian.worker.payment..");

    /** A stream of rows keeps its connection until it is closed. */
    private static final ArchRule ROWS_ARE_READ_TO_THEIR_END =
            noClasses().should().callMethod(JdbcClient.MappedQuerySpec.class, "stream");

    @Test
    void providersAreKnownByTheirPort() {
        PROVIDERS_ARE_KNOWN_BY_THEIR_PORT.check(WORKER);
        refuses(PROVIDERS_ARE_KNOWN_BY_THEIR_PORT, KnowsTheAdapter.class);
    }

    @Test
    void valuesKnowNoFramework() {
        VALUES_KNOW_NO_FRAMEWORK.check(WORKER);
        refuses(VALUES_KNOW_NO_FRAMEWORK, ValueWithAFramework.class);
    }

    @Test
    void onlyTheQueueTakesFromIt() {
        ONLY_THE_QUEUE_TAKES_FROM_IT.check(WORKER);
        refuses(ONLY_THE_QUEUE_TAKES_FROM_IT, TakesForItself.class);
    }

    @Test
    void theQueueKnowsNoOrders() {
        THE_QUEUE_KNOWS_NO_ORDERS.check(WORKER);
        refuses(THE_QUEUE_KNOWS_NO_ORDERS, QueueThatKnowsPayments.class);
    }

    @Test
    void rowsAreReadToTheirEnd() {
        ROWS_ARE_READ_TO_THEIR_END.check(WORKER);
        refuses(ROWS_ARE_READ_TO_THEIR_END, ForgetsToClose.class);
    }

    private static void refuses(ArchRule rule, Class<?> counterExample) {
        JavaClasses example = new ClassFileImporter().importClasses(counterExample);
        assertThat(rule.evaluate(example).hasViolation())
                .as("%s is refused by: %s", counterExample.getSimpleName(), rule.getDescription())
                .isTrue();
    }

    static class KnowsTheAdapter {
        Class<?> adapter() {
            return Simulation.class;
        }
    }

    static class ForgetsToClose {
        long rows(JdbcClient jdbc) {
            return jdbc.sql("SELECT sku FROM stock").query(String.class).stream()
                    .count();
        }
    }

    @Component
    record ValueWithAFramework(int number) {}

    static class TakesForItself {
        void take(ShareConsumer<String, String> consumer) {
            consumer.unsubscribe();
        }
    }
}
