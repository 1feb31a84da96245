-- Why: a run can be resumed while the clock is behind what is stored, so the place of an answer in
-- the order of events belongs to the answer, not to the run. Rows of a ledger can be skipped by
-- configuration. The warnings of a run belong to its report, so they are stored with the run. A ledger
-- is compared with the one before it, so that a ledger that is old or cut short is noticed.

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
    is_doubt        INTEGER NOT NULL CHECK (is_doubt IN (0, 1)), -- 1: the run ends with exit code 4
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

-- 'last', 'range' or 'all': how the run selected its orders. NULL: it read no ledger, or an earlier
-- release wrote the row. Ledgers of the same kind are compared with each other.
ALTER TABLE runs ADD COLUMN selection_kind TEXT;
-- 1: the order was selected because it was open, and the ledger did not give it.
ALTER TABLE run_orders ADD COLUMN carried INTEGER NOT NULL DEFAULT 0 CHECK (carried IN (0, 1));

-- Days of which a run's ledger had no order, although the days before let expect some.
CREATE TABLE doubted_days (
    run_id          INTEGER NOT NULL REFERENCES runs,
    day             TEXT NOT NULL,
    PRIMARY KEY (run_id, day)
) STRICT, WITHOUT ROWID;
