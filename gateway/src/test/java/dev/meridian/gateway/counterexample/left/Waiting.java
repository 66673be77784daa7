package dev.meridian.gateway.counterexample.left;

import reactor.core.publisher.Mono;

class Waiting {

    static Object answer() {
        return Mono.just("late").blockOptional();
    }
}
