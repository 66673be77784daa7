package dev.meridian.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class ArchitectureTests {

    private static final Set<String> WAITING =
            Set.of("block", "blockOptional", "blockFirst", "blockLast", "toIterable", "toStream", "sleep", "join");

    private static final Set<String> BLOCKING =
            Set.of(Mono.class.getName(), Flux.class.getName(), Thread.class.getName());

    /** A few threads carry every request: one that waits holds up all of its requests. */
    private static final ArchRule NOBODY_WAITS = noClasses()
            .should()
            .callMethodWhere(new DescribedPredicate<JavaCall<?>>("it waits for its answer") {
                @Override
                public boolean test(JavaCall<?> call) {
                    return WAITING.contains(call.getName())
                            && BLOCKING.contains(call.getTargetOwner().getName());
                }
            });

    @Test
    void nobodyWaits() {
        NOBODY_WAITS.check(new ClassFileImporter()
                .withImportOption(new DoNotIncludeTests())
                .importPackages("dev.meridian.gateway"));
    }

    @Test
    void theRuleCatchesOneWhoWaits() {
        var waiting = new ClassFileImporter().importClasses(Waiting.class);
        assertThatThrownBy(() -> NOBODY_WAITS.check(waiting))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("Waiting.answer");
    }

    static class Waiting {
        static Object answer() {
            return Mono.just("late").blockOptional();
        }
    }
}
