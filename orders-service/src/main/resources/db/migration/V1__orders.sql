-- What the migrator creates, the runtime role may read and write, and nothing more.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO orders;

CREATE TABLE products (
    sku      text           PRIMARY KEY,
    name     text           NOT NULL,
    price    numeric(12, 2) NOT NULL CHECK (price > 0),
    currency char(3)        NOT NULL
);

CREATE TABLE orders (
    id            uuid           PRIMARY KEY, -- version 7: sorts by the time of placing
    customer      text           NOT NULL,
    status        text           NOT NULL CHECK (status IN ('PLACED', 'CONFIRMED', 'REJECTED', 'CANCELLED')),
    reason        text           CHECK ((reason IS NOT NULL) = (status = 'REJECTED')),
    version       bigint         NOT NULL,
    placed_at     timestamptz    NOT NULL,
    total         numeric(14, 2) NOT NULL,
    currency      char(3)        NOT NULL,
    payment_token text           NOT NULL
);
CREATE INDEX orders_by_customer ON orders (customer, id DESC);

CREATE TABLE order_lines (
    order_id   uuid           NOT NULL REFERENCES orders,
    position   smallint       NOT NULL,
    sku        text           NOT NULL,
    name       text           NOT NULL,
    quantity   int            NOT NULL CHECK (quantity BETWEEN 1 AND 999),
    unit_price numeric(12, 2) NOT NULL,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE idempotency_keys (
    customer     text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    order_id     uuid        NOT NULL,
    response     text        NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (customer, key)
);

CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id    uuid        NOT NULL,
    topic       text        NOT NULL,
    type        text        NOT NULL,
    payload     text        NOT NULL,
    traceparent text,
    created_at  timestamptz NOT NULL
) WITH (
    -- A queue: rows live for milliseconds, so the dead ones are swept early.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX outbox_by_order ON outbox (order_id, id);
