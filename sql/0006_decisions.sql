-- Why: finance decides about mismatches, and the next run must know it. A decision is an event that
-- nobody can change. The money of an order counts once, however many findings it has, so each run
-- keeps a row per order with findings. A report shows facts of earlier runs, of decisions and of
-- settings; they are stored with the run, so that the same report can be written again.

-- What finance had said about a finding when the run reported it. NULL: nothing.
ALTER TABLE reported_mismatches ADD COLUMN verdict TEXT;   -- domain::decision::Verdict
ALTER TABLE reported_mismatches ADD COLUMN until TEXT;
ALTER TABLE reported_mismatches ADD COLUMN owner TEXT;
ALTER TABLE reported_mismatches ADD COLUMN note TEXT;

-- An order with findings, as a run reported it. Runs of earlier releases have no rows here.
CREATE TABLE reported_orders (
    run_id            INTEGER NOT NULL REFERENCES runs,
    order_id          INTEGER NOT NULL REFERENCES orders,
    bucket            TEXT NOT NULL,          -- domain::money::Bucket
    figure_micros     INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    transaction_type  TEXT NOT NULL,
    severity          TEXT,                   -- of the most severe finding that is not accepted;
                                              -- NULL: all are accepted
    state             TEXT NOT NULL,
    next_step         TEXT NOT NULL,
    since             TEXT NOT NULL,          -- the day from which its age is counted
    open_days         INTEGER NOT NULL,
    due               TEXT,                   -- [policy.due]; NULL: no limit
    -- The facts that give the bucket, so that it can be found again after other decisions.
    difference_micros INTEGER,                -- rules::place::Moved::difference
    amount_micros     INTEGER NOT NULL,
    conflict_micros   INTEGER,
    is_first          INTEGER NOT NULL CHECK (is_first IN (0, 1)),
    is_verified       INTEGER NOT NULL CHECK (is_verified IN (0, 1)),
    PRIMARY KEY (run_id, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reported_orders_order ON reported_orders (order_id);

-- An order that had findings in the run before, and has none in this run.
CREATE TABLE solved_orders (
    run_id          INTEGER NOT NULL REFERENCES runs,
    order_id        INTEGER NOT NULL REFERENCES orders,
    outcome         INTEGER NOT NULL,         -- domain::mismatch::Outcome::number
    kinds           TEXT NOT NULL,            -- separated by spaces
    bucket          TEXT NOT NULL,
    figure_micros   INTEGER NOT NULL,
    currency        TEXT NOT NULL,
    first_seen      TEXT NOT NULL,
    open_days       INTEGER NOT NULL,
    verdict         TEXT,
    until           TEXT,
    owner           TEXT,
    note            TEXT,
    PRIMARY KEY (run_id, order_id)
) STRICT, WITHOUT ROWID;

-- What an event of a run changed of a decision: a finding that is new on an order takes over what
-- was said about the order's other findings; one that is back shows its last note; an acceptance
-- lapses.
ALTER TABLE mismatch_events ADD COLUMN since TEXT;         -- NULL: the event's day
ALTER TABLE mismatch_events ADD COLUMN verdict TEXT;
ALTER TABLE mismatch_events ADD COLUMN until TEXT;
ALTER TABLE mismatch_events ADD COLUMN owner TEXT;
ALTER TABLE mismatch_events ADD COLUMN note TEXT;
ALTER TABLE mismatch_events ADD COLUMN why TEXT;           -- what lapsed

-- The decisions: an event for each change that a person made, and for each that was refused.
CREATE TABLE decision_events (
    decision_id       INTEGER PRIMARY KEY,
    event             TEXT NOT NULL,          -- domain::decision::DecisionEventKind
    order_id          INTEGER REFERENCES orders, -- NULL: refused, and of no known order
    kind              TEXT,
    mismatch_id       TEXT NOT NULL,          -- as written
    run_id            INTEGER REFERENCES runs, -- the run whose report it is about
    at_ms             INTEGER,                -- the time of the answer that report rests on
    verdict           TEXT,                   -- what is said now, or what was written
    until             TEXT,
    owner             TEXT,
    note              TEXT,
    old_verdict       TEXT,
    old_until         TEXT,
    old_owner         TEXT,
    old_note          TEXT,
    at_risk_micros    INTEGER,
    currency          TEXT,
    -- What it rests on: an acceptance lapses when one of these changes.
    variance_micros   INTEGER,
    payment_status    TEXT,
    ledger_status     TEXT,
    accounting_status TEXT,
    notify_status     TEXT,
    taken_at_ms       INTEGER NOT NULL,
    taken_by_run_id   INTEGER REFERENCES runs, -- NULL: by hand
    by_name           TEXT NOT NULL,
    system_user       TEXT NOT NULL,
    source            TEXT,                   -- a file's name; NULL: a command
    source_row        INTEGER,
    why               TEXT                    -- why it was refused
) STRICT;
CREATE INDEX decision_events_order ON decision_events (order_id);
CREATE INDEX decision_events_run ON decision_events (taken_by_run_id)
    WHERE taken_by_run_id IS NOT NULL;

CREATE TRIGGER decision_events_are_not_updated BEFORE UPDATE ON decision_events
BEGIN SELECT raise(ABORT, 'a decision is never changed'); END;
CREATE TRIGGER decision_events_are_not_deleted BEFORE DELETE ON decision_events
BEGIN SELECT raise(ABORT, 'a decision is never deleted'); END;

-- Files that people edited and that were read: they are not read again.
CREATE TABLE read_files (
    sha256          TEXT PRIMARY KEY,         -- in hexadecimal
    name            TEXT NOT NULL,
    read_at_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Facts of other runs and of settings, as JSON: domain::morning.
ALTER TABLE runs ADD COLUMN night TEXT;
-- Orders whose findings are all accepted.
ALTER TABLE runs ADD COLUMN accepted_orders INTEGER;
-- Findings that count for exit code 1. NULL: an earlier release judged the run, and all count.
ALTER TABLE runs ADD COLUMN findings_for_exit INTEGER;
-- The manifest of the run, as it was written last.
ALTER TABLE runs ADD COLUMN manifest_sha256 TEXT;
-- The gateway's own statement beside what the run saw, as JSON: domain::statement.
ALTER TABLE runs ADD COLUMN gateway_totals TEXT;

ALTER TABLE ledger_files ADD COLUMN sha256 TEXT;
ALTER TABLE ledger_files ADD COLUMN modified_at_ms INTEGER;

-- The lowest and the highest amount that one run's rows give for the order, where they differ.
ALTER TABLE entries ADD COLUMN conflict_low_micros INTEGER;
ALTER TABLE entries ADD COLUMN conflict_high_micros INTEGER;
