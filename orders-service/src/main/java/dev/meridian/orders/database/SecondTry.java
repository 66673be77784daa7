package dev.meridian.orders.database;

import java.lang.reflect.Method;
import java.sql.SQLException;
import java.util.function.Supplier;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.Advisor;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.StaticMethodMatcherPointcut;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Repeats on the primary what failed on the replica: a method that is {@code @Transactional(readOnly = true)}, and begins
 * its transaction, changes nothing and may be called again.
 */
final class SecondTry implements MethodInterceptor {

    private static final Logger log = LoggerFactory.getLogger(SecondTry.class);

    private static final ScopedValue<Attempt> ATTEMPT = ScopedValue.newInstance();

    /** One call of such a method. */
    static final class Attempt {

        private final boolean first;
        private boolean onReplica;

        private Attempt(boolean first) {
            this.first = first;
        }

        /** The one in progress, or one that ends with this question. */
        static Attempt current() {
            return ATTEMPT.isBound() ? ATTEMPT.get() : new Attempt(true);
        }

        boolean mayUseReplica() {
            return first;
        }

        void usesReplica() {
            onReplica = true;
        }
    }

    private final Supplier<Replica> replica;

    private SecondTry(Supplier<Replica> replica) {
        this.replica = replica;
    }

    static Advisor around(Supplier<Replica> replica) {
        var reads = new StaticMethodMatcherPointcut() {
            @Override
            public boolean matches(Method method, Class<?> target) {
                Transactional transactional = AnnotatedElementUtils.findMergedAnnotation(method, Transactional.class);
                return transactional != null && transactional.readOnly();
            }
        };
        var advisor = new DefaultPointcutAdvisor(reads, new SecondTry(replica));
        advisor.setOrder(Ordered.HIGHEST_PRECEDENCE); // around the transaction
        return advisor;
    }

    @Override
    public @Nullable Object invoke(MethodInvocation call) throws Throwable {
        if (TransactionSynchronizationManager.isActualTransactionActive()) {
            return call.proceed();
        }
        var attempt = new Attempt(true);
        try {
            MethodInvocation copy = ((ProxyMethodInvocation) call).invocableClone();
            return ScopedValue.where(ATTEMPT, attempt).call(copy::proceed);
        } catch (RuntimeException e) {
            SQLException cause = attempt.onReplica ? databaseFailure(e) : null;
            if (cause == null) {
                throw e;
            }
            replica.get().rest();
            log.warn(
                    "A read failed on the replica ({}) and is tried on the primary: {}",
                    cause.getSQLState(),
                    cause.getMessage());
            return ScopedValue.where(ATTEMPT, new Attempt(false)).call(call::proceed);
        }
    }

    private static @Nullable SQLException databaseFailure(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException failure) {
                return failure;
            }
        }
        return null;
    }
}
