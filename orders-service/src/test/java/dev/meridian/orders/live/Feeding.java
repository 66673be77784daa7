package dev.meridian.orders.live;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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

    /** Watchers of many orders. */
    public final class Watches implements AutoCloseable {
        private final List<Watch> open;

        private Watches(List<Watch> open) {
            this.open = open;
        }

        /** The orders of which a change has come since the last call. */
        public Set<String> told() throws InterruptedException {
            Set<String> told = new HashSet<>();
            for (Watch watch : open) {
                if (watch.next(Duration.ZERO) instanceof Watch.Next.Changed(OrderVersion version)) {
                    told.add(version.orderId().toString());
                }
            }
            return told;
        }

        @Override
        public void close() {
            open.forEach(Watch::close);
        }
    }

    public Watches watch(List<String> orders) {
        return new Watches(orders.stream()
                .map(id -> ((Watchers.Entry.Admitted) watchers.watch(UUID.fromString(id))).watch())
                .toList());
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
