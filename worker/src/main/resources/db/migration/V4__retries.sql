SET lock_timeout = '5s';

-- Events that failed and are tried again. One row for each event of an order: what comes again keeps its count.
CREATE TABLE retry (
    topic           text        NOT NULL,
    order_id        uuid        NOT NULL,
    partition       integer     NOT NULL,
    record_offset   bigint      NOT NULL,
    type            text        NOT NULL,
    payload         bytea       NOT NULL,
    traceparent     text,
    failures        integer     NOT NULL CHECK (failures > 0),
    reason          text        NOT NULL,
    failed_at       timestamptz NOT NULL DEFAULT now(), -- for the first time
    next_attempt_at timestamptz NOT NULL,
    PRIMARY KEY (topic, order_id)
);

CREATE INDEX retry_due ON retry (next_attempt_at);
