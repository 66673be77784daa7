-- Contracts: no instance of the version before V4 may run any more, and keys live on their orders.
DROP TABLE idempotency_keys; -- with its trigger and its indexes
DROP FUNCTION copy_idempotency_key();
