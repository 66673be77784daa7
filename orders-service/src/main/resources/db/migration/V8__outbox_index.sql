-- The order of one order's events is no longer kept (docs/adr/0001-outbox-relay.md). While the outbox is nearly empty, the
-- relay's DELETE was planned with this index, which it then read as a whole.
DROP INDEX outbox_by_order;
