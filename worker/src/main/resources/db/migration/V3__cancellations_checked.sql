SET lock_timeout = '5s';

-- In a transaction after the one that added them: this reads the tables while they are written to.
ALTER TABLE fulfilment VALIDATE CONSTRAINT fulfilment_status_check;
ALTER TABLE fulfilment VALIDATE CONSTRAINT fulfilment_reason_of_rejection;
ALTER TABLE fulfilment VALIDATE CONSTRAINT fulfilment_time_of_decision;
ALTER TABLE fulfilment VALIDATE CONSTRAINT fulfilment_time_of_cancellation;
ALTER TABLE simulated_payment VALIDATE CONSTRAINT simulated_payment_result_check;
ALTER TABLE simulated_payment VALIDATE CONSTRAINT simulated_payment_amount;
