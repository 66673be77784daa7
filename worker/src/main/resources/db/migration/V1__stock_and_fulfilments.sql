SET lock_timeout = '5s';

-- Everything that the migrations create is for the service's runtime role, which may not change its shape.
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO fulfilment;
GRANT USAGE ON SCHEMA public TO fulfilment;

CREATE TABLE stock (
    sku       text    PRIMARY KEY,
    available integer NOT NULL CHECK (available >= 0)
) WITH (fillfactor = 50); -- a few rows that change all the time: room for the new version beside the old one

CREATE TABLE fulfilment (
    order_id    uuid        PRIMARY KEY,
    customer    text        NOT NULL,
    status      text        NOT NULL CHECK (status IN ('RESERVED', 'CONFIRMED', 'REJECTED')),
    reason      text        CHECK (reason IN ('OUT_OF_STOCK', 'PAYMENT_DECLINED')),
    reserved_at timestamptz,
    decided_at  timestamptz,
    CHECK ((status = 'REJECTED') = (reason IS NOT NULL)),
    CHECK ((status = 'RESERVED') = (decided_at IS NULL))
) WITH (fillfactor = 80);

-- The stock that an order holds. For each SKU, what is available and what is held add up to what came in.
CREATE TABLE reservation (
    order_id uuid    NOT NULL REFERENCES fulfilment,
    sku      text    NOT NULL REFERENCES stock,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, sku)
);

-- The book of the simulated payment provider, which in production is someone else's.
CREATE TABLE simulated_payment (
    order_id uuid           PRIMARY KEY,
    amount   numeric(12, 2) NOT NULL,
    currency text           NOT NULL,
    attempts integer        NOT NULL,
    result   text           CHECK (result IN ('CHARGED', 'DECLINED'))
);

INSERT INTO stock (sku, available)
VALUES ('TEA-001', 10000000),
       ('TEA-002', 10000000),
       ('TEA-003', 10000000),
       ('COF-001', 10000000),
       ('COF-002', 10000000),
       ('MUG-001', 10000000),
       ('POT-001', 10000000),
       ('LTD-001', 50);
