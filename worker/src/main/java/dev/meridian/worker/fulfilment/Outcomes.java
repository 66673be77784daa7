package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.queue.Outage;

/** Where decisions are told. */
interface Outcomes {

    /**
     * Returns when the decision is stored where its readers find it; telling it again is allowed.
     *
     * @throws Outage when that is not certain within the bounded time
     */
    void publish(Decided decision);
}
