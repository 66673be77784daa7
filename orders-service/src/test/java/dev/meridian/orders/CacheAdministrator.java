package dev.meridian.orders;

import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;

/** The cache as its administrator has it: the service may not do to it what tests do. */
public final class CacheAdministrator {

    private CacheAdministrator() {}

    public static StringRedisTemplate template(int port) {
        var configuration = new RedisStandaloneConfiguration("127.0.0.1", port);
        configuration.setUsername("admin");
        configuration.setPassword("admin");
        var factory = new LettuceConnectionFactory(configuration);
        factory.afterPropertiesSet();
        factory.start();
        return new StringRedisTemplate(factory);
    }
}
