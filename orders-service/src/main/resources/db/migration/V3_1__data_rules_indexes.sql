-- Built while orders are taken. One that broke off leaves an invalid index behind, which the next attempt removes.
SET lock_timeout = '60s'; -- waits for transactions that are open, with a lock that holds nobody up

DROP INDEX CONCURRENTLY IF EXISTS orders_placed;
CREATE INDEX CONCURRENTLY orders_placed ON orders (placed_at) WHERE status = 'PLACED';

DROP INDEX CONCURRENTLY IF EXISTS orders_unattended;
CREATE INDEX CONCURRENTLY orders_unattended ON orders (coalesce(attended_at, placed_at)) WHERE status = 'PLACED';

DROP INDEX CONCURRENTLY IF EXISTS idempotency_keys_by_age;
CREATE INDEX CONCURRENTLY idempotency_keys_by_age ON idempotency_keys (created_at);

SET lock_timeout = '5s';
