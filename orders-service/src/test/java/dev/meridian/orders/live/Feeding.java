package dev.meridian.orders.live;

import java.util.UUID;
import org.springframework.boot.test.context.TestComponent;

/** What reaches the watchers, at a test's command. */
@TestComponent
public class Feeding {

    private final Watchers watchers;
    private final ChangeFeed feed;
    private final Lookup lookup;

    Feeding(Watchers watchers, ChangeFeed feed, Lookup lookup) {
        this.watchers = watchers;
        this.feed = feed;
        this.lookup = lookup;
    }

    public boolean following() {
        return feed.following();
    }

    public void tell(String id, String customer, long version, String json) {
        watchers.tell(new OrderVersion(UUID.fromString(id), version, true, customer, json));
    }

    public void lookUp() {
        lookup.run();
    }
}
