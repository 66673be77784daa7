-- The broker starts with an empty log (docs/adr/0003-local-stack-without-docker.md). Orders that were open are emitted
-- again by themselves; a cancellation that no worker had read would be lost, so those of the last two days, for which the
-- topics are kept, are told once more. To cancel an order twice changes nothing.
INSERT INTO outbox (order_id, topic, type, payload, created_at)
SELECT id, 'orders.cancelled', 'dev.meridian.order.cancelled',
       jsonb_build_object('orderId', id, 'customer', customer,
                          'cancelledAt', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text,
       now()
FROM orders
WHERE status = 'CANCELLED' AND placed_at > now() - interval '48 hours'
  AND NOT EXISTS (SELECT FROM outbox WHERE outbox.order_id = orders.id AND outbox.topic = 'orders.cancelled');
