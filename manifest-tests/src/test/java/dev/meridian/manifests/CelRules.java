package dev.meridian.manifests;

import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * The rules in {@code x-kubernetes-validations}. A rule that compares with the object's former state
 * ({@code oldSelf}) holds when an object is made, and is left out.
 */
final class CelRules {

    /** Words of the language; a field of such a name is written with two underscores around it. */
    private static final Pattern RESERVED =
            Pattern.compile("true|false|null|in|as|break|const|continue|else|for|function|if"
                    + "|import|let|loop|package|namespace|return");

    private final CelCompiler compiler = CelCompilerFactory.standardCelCompilerBuilder()
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addLibraries(CelExtensions.strings())
            .addVar("self", SimpleType.DYN)
            .build();
    private final CelRuntime runtime = CelRuntimeFactory.standardCelRuntimeBuilder()
            .addLibraries(CelExtensions.strings())
            .build();
    private final Map<String, CelRuntime.Program> programs = new HashMap<>();
    private final Set<String> leftOut = new TreeSet<>();

    /** The rules that compare with a former state. */
    Set<String> leftOut() {
        return leftOut;
    }

    /** How many rules applied to something. */
    int evaluated() {
        return programs.size();
    }

    /** Why the value breaks each of the schema's own rules that it breaks. */
    List<String> broken(JsonNode schema, JsonNode value) {
        JsonNode rules = schema.path("x-kubernetes-validations");
        if (rules.isEmpty()) {
            return List.of();
        }
        Object self = converted(schema, value);
        return rules.valueStream()
                .map(rule -> broken(rule, self))
                .flatMap(Optional::stream)
                .toList();
    }

    private Optional<String> broken(JsonNode rule, Object self) {
        String expression = rule.path("rule").asString();
        if (expression.contains("oldSelf")) {
            leftOut.add(expression);
            return Optional.empty();
        }
        try {
            CelRuntime.Program program = programs.get(expression);
            if (program == null) {
                program = runtime.createProgram(compiler.compile(expression).getAst());
                programs.put(expression, program);
            }
            boolean holds = Boolean.TRUE.equals(program.eval(Map.of("self", self)));
            return holds ? Optional.empty() : Optional.of(rule.path("message").asString(expression));
        } catch (CelValidationException | CelEvaluationException e) {
            return Optional.of("the rule cannot be evaluated: " + expression + ": " + e.getMessage());
        }
    }

    private static Object converted(JsonNode schema, JsonNode value) {
        if (value.isObject()) {
            Map<String, Object> map = new HashMap<>();
            value.forEachEntry((field, child) -> {
                String name = schema.path("properties").has(field) ? escaped(field) : field;
                map.put(name, converted(Schemas.of(schema, field), child));
            });
            return map;
        }
        if (value.isArray()) {
            JsonNode items = schema.path("items");
            return value.valueStream().map(element -> converted(items, element)).toList();
        }
        if (value.isIntegralNumber()) {
            return value.asLong();
        }
        return value.isBoolean()
                ? value.asBoolean()
                : value.isNumber() ? (Object) value.asDouble() : value.asString("");
    }

    private static String escaped(String field) {
        String escaped = field.replace("__", "__underscores__")
                .replace(".", "__dot__")
                .replace("-", "__dash__")
                .replace("/", "__slash__");
        return RESERVED.matcher(escaped).matches() ? "__" + escaped + "__" : escaped;
    }
}
