-- Why: a scheduled night asks only for the orders that are due, and judges the others by their last
-- answer. An answer that stays the same is asked for more and more rarely. So each order keeps when
-- it was answered last, and how often it was answered the same.

-- The time of the order's last answer. NULL: none since this column is there. Then it is due.
ALTER TABLE orders ADD COLUMN answered_at_ms INTEGER;

-- How often in a row the answer was the same as the one before, counted once a day in the ledger's
-- time zone.
ALTER TABLE orders ADD COLUMN times_same INTEGER NOT NULL DEFAULT 0;

-- A row of run_orders with an answer and without a call (tries = 0) has an answer of an earlier run.

-- Finds payouts that failed: --include-open asks for them for [schedule] failed_payout_days.
CREATE INDEX answers_failed ON answers (order_id) WHERE payment_status IN ('failed', 'reject');
