-- Why: a run can be resumed while the clock is behind what is stored, so the place of an answer in
-- the order of events belongs to the answer, not to the run. Rows of a ledger can be skipped by
-- configuration. The warnings of a run belong to its report, so they are stored with the run. The
-- orders of a ledger are counted by day, so that a missing day is noticed.

-- The place of the answer in the order of events, if it is not answered_at_ms: the clock was behind
-- what was stored.
ALTER TABLE run_orders ADD COLUMN ordered_at_ms INTEGER;
UPDATE run_orders SET ordered_at_ms =
    (SELECT u.clock_floor_ms FROM runs u WHERE u.run_id = run_orders.run_id)
WHERE answered_at_ms <
    (SELECT u.clock_floor_ms FROM runs u WHERE u.run_id = run_orders.run_id);

-- Rows that [[ledger.skip]] left out.
ALTER TABLE runs ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;

-- The run's orders by day, as JSON.
ALTER TABLE runs ADD COLUMN days TEXT;

-- The warnings of a run, in the order in which they came.
CREATE TABLE run_warnings (
    run_id          INTEGER NOT NULL REFERENCES runs,
    number          INTEGER NOT NULL,
    code            TEXT NOT NULL,            -- domain::run::Warning::code
    text            TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

-- The orders that the ledger files of a run gave, by day and transaction type ('' if not given).
CREATE TABLE ledger_days (
    run_id           INTEGER NOT NULL REFERENCES runs,
    day              TEXT NOT NULL,
    merchant_uid     TEXT NOT NULL,
    transaction_type TEXT NOT NULL,
    orders           INTEGER NOT NULL,
    PRIMARY KEY (run_id, day, merchant_uid, transaction_type)
) STRICT, WITHOUT ROWID;
