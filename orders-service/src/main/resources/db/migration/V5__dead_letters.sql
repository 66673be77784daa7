SET lock_timeout = '5s';
-- Expands only: the version before this one goes on storing what it reads from dlq.fulfilment, with its headers and the
-- broker's count of deliveries. Dead letters are the worker's events now, with a count of failures and no headers.
ALTER TABLE dead_letters
    ADD COLUMN failures int,
    ALTER COLUMN headers SET DEFAULT '{}';
