package dev.meridian.startup;

import java.util.List;
import java.util.stream.Stream;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Where <code>meridian.migrate</code> is <code>false</code>, since a job does it before: refuses to start as long as the
 * database lacks a migration. Later ones, of a version that is rolled out at the same time, are no hindrance.
 */
@AutoConfiguration
@ConditionalOnClass(FlywayMigrationStrategy.class)
@ConditionalOnBooleanProperty(name = "meridian.migrate", havingValue = false)
class SchemaCheck {

    @Bean
    FlywayMigrationStrategy onlyLooks(Environment environment) {
        return flyway -> {
            List<String> pending = Stream.of(flyway.info().pending())
                    .map(migration -> String.valueOf(migration.getVersion()))
                    .toList();
            if (!pending.isEmpty()) {
                throw new StartRefused(environment, "its database lacks the migrations " + String.join(", ", pending));
            }
        };
    }
}
