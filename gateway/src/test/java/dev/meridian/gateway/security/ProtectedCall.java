package dev.meridian.gateway.security;

import dev.meridian.gateway.RunningGateway;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.route.RouteDefinitionLocator;

/** A call that a route takes and that needs a token. A new route's calls are among them without being named here. */
record ProtectedCall(String route, String method, String path, List<String> headers) {

    /** Everything else is protected. */
    private static final Set<String> PUBLIC = Set.of(
            "/api/products",
            "/api/openapi",
            "/oauth2/**",
            "/.well-known/**",
            "/login",
            "/logout",
            "/default-ui.css",
            "/userinfo",
            "/connect/**");

    static List<ProtectedCall> of(RouteDefinitionLocator routes) {
        var calls = new ArrayList<ProtectedCall>();
        for (var route : Objects.requireNonNull(
                routes.getRouteDefinitions().collectList().block())) {
            var methods = arguments(route, "Method");
            for (var pattern : arguments(route, "Path")) {
                if (!PUBLIC.contains(pattern)) {
                    for (var method : methods.isEmpty() ? List.of("GET", "POST", "PUT", "DELETE") : methods) {
                        calls.add(new ProtectedCall(
                                Objects.requireNonNull(route.getId()),
                                method,
                                pattern.replace("/**", "/1").replaceAll("\\*|\\{[^}]*\\}", "1"),
                                arguments(route, "Header").stream().limit(1).toList()));
                    }
                }
            }
        }
        return calls;
    }

    private static List<String> arguments(RouteDefinition route, String predicate) {
        return route.getPredicates().stream()
                .filter(definition -> predicate.equals(definition.getName()))
                .map(PredicateDefinition::getArgs)
                .flatMap(arguments -> arguments.values().stream())
                .toList();
    }

    HttpRequest.Builder on(RunningGateway gateway) {
        var request = gateway.to(path);
        headers.forEach(header -> request.header(header, "k"));
        return method.equals("GET") ? request : request.method(method, BodyPublishers.ofString("{}"));
    }

    HttpRequest.Builder on(RunningGateway gateway, String token) {
        return on(gateway).header("Authorization", "Bearer " + token);
    }
}
