-- Expands only: the version of the service before this one reads and writes these tables while both run, and rows that
-- it wrote stay valid.

-- A key belongs to any request that changes something, and keeps any answer. Each default tells what a row of the
-- version before means. That version reads order_id, so an answer that names an order still writes it; the migration
-- after this rollout drops the column and the defaults.
ALTER TABLE idempotency_keys
    ALTER COLUMN order_id DROP NOT NULL,
    ADD COLUMN operation    text     NOT NULL DEFAULT 'POST /api/orders', -- method and path
    ADD COLUMN status       smallint NOT NULL DEFAULT 201,
    ADD COLUMN content_type text     NOT NULL DEFAULT 'application/json',
    ADD COLUMN location     text,
    ADD COLUMN etag         text              DEFAULT '"1"',
    ADD COLUMN replayed_at  timestamptz;                                  -- each replay writes before it answers

-- When an order that is still PLACED was last seen to; null stands for the moment of placing.
ALTER TABLE orders ADD COLUMN attended_at timestamptz;

-- What the queue gave up on, copied from the dead letter topic so that operators can list it and send it again.
CREATE TABLE dead_letters (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- what a page of the list starts after
    topic            text        NOT NULL,
    partition        int         NOT NULL,
    position         bigint      NOT NULL, -- the offset in the dead letter topic
    origin_topic     text        NOT NULL,
    origin_partition int,
    origin_offset    bigint,
    order_id         uuid,                 -- null where the record's key is no order's id
    type             text,
    payload          bytea,
    headers          jsonb       NOT NULL,
    deliveries       int,
    reason           text,
    died_at          timestamptz NOT NULL,
    redriven_at      timestamptz,          -- null: open
    redriven_by      text,
    UNIQUE (topic, partition, position)    -- a letter that is read twice is stored once
);
CREATE INDEX dead_letters_open_by_order ON dead_letters (order_id) WHERE redriven_at IS NULL;
