package dev.meridian.gateway.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.gateway.RunningGateway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.gateway.route.RouteDefinitionLocator;
import org.springframework.test.context.TestPropertySource;

/** A gateway that has never seen the issuer's keys. */
@TestPropertySource(properties = "test.other-key-set=http://127.0.0.1:1/jwks")
@ExtendWith(OutputCaptureExtension.class)
class KeySetAwayTests extends RunningGateway {

    @Autowired
    private RouteDefinitionLocator routes;

    @Test
    void letsNobodyInAndSaysWhy() {
        assertThat(ProtectedCall.of(routes)).isNotEmpty().allSatisfy(call -> {
            var answer = answer(call.on(this, TOKEN));
            isProblem(answer, 503, "identity-unavailable");
            assertThat(answer.headers().firstValue("Retry-After")).contains("1");
        });
    }

    @Test
    void showsWhatIsPublic() {
        assertThat(answer(to("/api/products")).statusCode()).isEqualTo(200);
    }

    /** No other test has this configuration, so the gateway starts with this class. */
    @Test
    void startsWithoutMakingBeansTooEarlyForTheirPostProcessors(CapturedOutput log) {
        assertThat(log).contains("Started KeySetAwayTests").doesNotContain("BeanPostProcessorChecker");
    }
}
