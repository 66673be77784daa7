package dev.meridian.orders.web;

import java.io.IOException;
import java.io.Writer;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.apache.coyote.http11.Http11InputBuffer;
import org.apache.tomcat.util.res.StringManager;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.ConfigurableTomcatWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Makes problem details of the errors outside Spring MVC: what Tomcat refuses before it knows an address, what a filter
 * refuses, and what fails there.
 */
@Component
class ContainerProblems implements WebServerFactoryCustomizer<ConfigurableTomcatWebServerFactory> {

    private final JsonMapper json;

    ContainerProblems(JsonMapper json) {
        this.json = json;
    }

    /** Within Spring Boot's own valve, which finds the error reported. */
    @Override
    public void customize(ConfigurableTomcatWebServerFactory factory) {
        factory.addContextCustomizers(
                context -> context.getParent().getPipeline().addValve(new ProblemValve()));
    }

    private final class ProblemValve extends ErrorReportValve {

        /** Tomcat tells it by a message only, and by 400. */
        private static final String TOO_LARGE =
                StringManager.getManager(Http11InputBuffer.class).getString("iib.requestheadertoolarge.error");

        @Override
        protected void report(Request request, Response response, @Nullable Throwable failure) {
            if (response.getStatus() < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
                return;
            }
            if (failure != null && TOO_LARGE.equals(failure.getMessage())) {
                response.setStatus(
                        request.getRequestURI() == null
                                ? HttpStatus.URI_TOO_LONG.value()
                                : HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE.value());
            }
            HttpStatus status = HttpStatus.valueOf(response.getStatus());
            var problem = new Problem(
                    status,
                    Problem.type(status),
                    status.getReasonPhrase(),
                    status == HttpStatus.INTERNAL_SERVER_ERROR
                            ? "Something went wrong on our side."
                            : "The request is malformed, or asks for what this server does not do.");
            try {
                response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
                response.setCharacterEncoding("UTF-8");
                Writer writer = response.getReporter();
                if (writer != null) {
                    writer.write(json.writeValueAsString(problem.getBody()));
                    response.finishResponse();
                }
            } catch (IOException | IllegalStateException e) {
                // The client has gone.
            }
        }
    }
}
