package dev.meridian.orders;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.meridian.orders.counterexample.EventWithLogic;
import dev.meridian.orders.counterexample.left.Left;
import dev.meridian.orders.counterexample.right.Right;
import dev.meridian.orders.counterexample.web.QueriesFromTheWeb;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.kafka.core.KafkaTemplate;

/** The rules of this module's structure, each with a class that breaks it and is caught. */
class ArchitectureTest {

    private static final JavaClasses SERVICE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.meridian.orders");

    @Test
    void featuresFormNoCycles() {
        noCyclesBelow("dev.meridian.orders").check(SERVICE);
        catches(noCyclesBelow("dev.meridian.orders.counterexample"), Left.class, Right.class);
    }

    private static ArchRule noCyclesBelow(String root) {
        return slices().matching(root + ".(*)..").should().beFreeOfCycles();
    }

    @Test
    void httpStaysInWebPackages() {
        ArchRule rule = noClasses()
                .that()
                .resideOutsideOfPackage("..web..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.springframework.web..", "org.springframework.http..", "jakarta.servlet..");
        rule.check(SERVICE);
        catches(rule, EventWithLogic.class);
    }

    @Test
    void webAsksARepositoryAndNotTheDatabase() {
        ArchRule rule = noClasses()
                .that()
                .resideInAPackage("..web..")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(JdbcClient.class);
        rule.check(SERVICE);
        catches(rule, QueriesFromTheWeb.class);
    }

    @Test
    void onlyThePublisherSendsToKafka() {
        ArchRule rule = noClasses()
                .that()
                .doNotHaveSimpleName("EventPublisher")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(KafkaTemplate.class);
        rule.check(SERVICE);
        catches(rule, EventWithLogic.class);
    }

    @Test
    void valuesKnowNoSpring() {
        ArchRule rule = noClasses()
                .that(describe("are records", JavaClass::isRecord))
                .and()
                .haveSimpleNameNotEndingWith("Settings")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.springframework..");
        rule.check(SERVICE);
        catches(rule, EventWithLogic.class);
    }

    /** A stream keeps its connection until it is closed, and nothing shows that it was forgotten until all are gone. */
    @Test
    void rowsAreReadToTheirEnd() {
        ArchRule rule = noClasses().should().callMethod(JdbcClient.MappedQuerySpec.class, "stream");
        rule.check(SERVICE);
        catches(rule, QueriesFromTheWeb.class);
    }

    private static void catches(ArchRule rule, Class<?>... counterExample) {
        JavaClasses classes = new ClassFileImporter().importClasses(counterExample);
        assertThat(rule.evaluate(classes).hasViolation())
                .as("%s is caught by: %s", counterExample[0].getSimpleName(), rule.getDescription())
                .isTrue();
    }
}
