package dev.meridian.benchmarks.outbox;

/** What a relay is put through. */
enum Scenario {
    /** One instance has a backlog. */
    DRAIN("drain, 1 instance", 1),
    /** From the commit to a consumer, at a fixed rate of orders. */
    DELAY("delay, 1 instance", 1),
    /** Nothing to do. */
    IDLE("idle, 1 instance", 1),
    DRAIN_BY_TWO("drain, 2 instances", 2),
    DELAY_BY_TWO("delay, 2 instances", 2),
    /** kill -9 of one while both drain a backlog. */
    KILL("1 of 2 killed", 2),
    /** One is stopped for longer than either relay waits before it takes it for dead, and then goes on. */
    PAUSE("1 of 2 paused", 2),
    /** Kafka is killed while orders are placed, and started again. */
    OUTAGE("Kafka down", 1);

    private final String title;
    private final int instances;

    Scenario(String title, int instances) {
        this.title = title;
        this.instances = instances;
    }

    /** How many instances there are at least. */
    int instances() {
        return instances;
    }

    @Override
    public String toString() {
        return title;
    }
}
