package dev.meridian.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The rules of this module's structure, each with classes that break it and are caught. */
class ArchitectureTests {

    private static final JavaClasses GATEWAY =
            new ClassFileImporter().withImportOption(new DoNotIncludeTests()).importPackages("dev.meridian.gateway");

    private static final JavaClasses COUNTEREXAMPLE =
            new ClassFileImporter().importPackages("dev.meridian.gateway.counterexample");

    private static final Set<String> WAITING =
            Set.of("block", "blockOptional", "blockFirst", "blockLast", "toIterable", "toStream", "sleep", "join");

    private static final Set<String> BLOCKING =
            Set.of(Mono.class.getName(), Flux.class.getName(), Thread.class.getName());

    /** A few threads carry every request: one that waits holds up all of its requests. */
    @Test
    void noThreadWaits() {
        ArchRule rule = noClasses().should().callMethodWhere(new DescribedPredicate<JavaCall<?>>("it waits") {
            @Override
            public boolean test(JavaCall<?> call) {
                return WAITING.contains(call.getName())
                        && BLOCKING.contains(call.getTargetOwner().getName());
            }
        });
        rule.check(GATEWAY);
        catches(rule, "Waiting.answer");
    }

    @Test
    void packagesFormNoCycles() {
        noCyclesBelow("dev.meridian.gateway").check(GATEWAY);
        catches(noCyclesBelow("dev.meridian.gateway.counterexample"), "Left");
    }

    private static ArchRule noCyclesBelow(String root) {
        return slices().matching(root + ".(*)..").should().beFreeOfCycles();
    }

    @Test
    void onlyWhatOtherPackagesUseIsPublic() {
        ArchRule rule = classes()
                .that()
                .arePublic()
                .and()
                .areTopLevelClasses()
                .and()
                .doNotHaveFullyQualifiedName(Gateway.class.getName()) // the JVM uses it
                .should(new ArchCondition<>("be used by another package") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        boolean used = type.getDirectDependenciesToSelf().stream()
                                .map(dependency -> dependency.getOriginClass().getPackageName())
                                .anyMatch(user -> !user.equals(type.getPackageName()));
                        events.add(new SimpleConditionEvent(type, used, type.getName() + " is used: " + used));
                    }
                });
        rule.check(GATEWAY);
        catches(rule, "Unasked");
    }

    private static void catches(ArchRule rule, String offender) {
        var result = rule.evaluate(COUNTEREXAMPLE);
        assertThat(result.getFailureReport().getDetails())
                .as(rule.getDescription())
                .anyMatch(violation -> violation.contains(offender));
    }
}
