-- Yesterday's keys, while orders are taken: so many at a time that nobody waits for long. The trigger of V4 copies
-- newer ones. An attempt after one that broke off begins again, which changes nothing twice.
DO $$
DECLARE
    last_customer text := '';
    last_key      text := '';
    failures      int  := 0;
BEGIN
    LOOP
        BEGIN
            WITH batch AS (
                -- Locked: the version before could give an expired key to another order meanwhile.
                SELECT customer, key, order_id, operation, request_hash FROM idempotency_keys
                WHERE (customer, key) > (last_customer, last_key)
                ORDER BY customer, key LIMIT 1000 FOR UPDATE),
            copied AS (
                UPDATE orders SET idempotency_key = batch.key, request_hash = batch.request_hash
                FROM batch
                WHERE orders.id = batch.order_id AND batch.operation = 'POST /api/orders'
                  AND orders.idempotency_key IS NULL)
            SELECT customer, key INTO last_customer, last_key FROM batch ORDER BY customer DESC, key DESC LIMIT 1;
            EXIT WHEN NOT FOUND;
        EXCEPTION
            WHEN deadlock_detected OR lock_not_available THEN -- with a settlement: this batch once more
                failures := failures + 1;
                IF failures > 100 THEN
                    RAISE;
                END IF;
        END;
        COMMIT;
    END LOOP;
END $$;

SET lock_timeout = '60s'; -- waits for transactions that are open, with a lock that holds nobody up

-- One that broke off leaves an invalid index behind.
DROP INDEX CONCURRENTLY IF EXISTS orders_by_key;
CREATE UNIQUE INDEX CONCURRENTLY orders_by_key ON orders (customer, idempotency_key);

SET lock_timeout = '5s';
