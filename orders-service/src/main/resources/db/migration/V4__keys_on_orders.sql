-- An order carries the key of the request that placed it, unique among its customer's. Expands only: the version before
-- this one goes on writing idempotency_keys, and a trigger copies what it writes, so that both know each other's keys.
ALTER TABLE orders
    ADD COLUMN idempotency_key text,  -- null: placed before keys were kept here, and its key has expired
    ADD COLUMN request_hash    bytea; -- SHA-256 of the request

CREATE FUNCTION copy_idempotency_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An expired key that is used again stands for its new order only.
    IF TG_OP = 'UPDATE' AND OLD.order_id IS DISTINCT FROM NEW.order_id THEN
        UPDATE orders SET idempotency_key = NULL, request_hash = NULL
        WHERE id = OLD.order_id AND idempotency_key = NEW.key;
    END IF;
    UPDATE orders SET idempotency_key = NEW.key, request_hash = NEW.request_hash
    WHERE id = NEW.order_id AND NEW.operation = 'POST /api/orders';
    RETURN NULL;
EXCEPTION
    -- The new version has placed an order under the key. That one stands: the version before undoes its own, keeps
    -- nothing for this error, and asks for a repetition.
    WHEN unique_violation THEN
        RAISE EXCEPTION 'key % is known already', NEW.key USING ERRCODE = 'serialization_failure';
END $$;

CREATE TRIGGER copy_idempotency_key AFTER INSERT OR UPDATE OF order_id ON idempotency_keys
    FOR EACH ROW WHEN (NEW.order_id IS NOT NULL) EXECUTE FUNCTION copy_idempotency_key();
