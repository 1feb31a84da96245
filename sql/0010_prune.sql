-- Why: a database grows each night, and one day its owner drops what is older than a date. What was
-- dropped has to be visible afterwards: a report that cannot be written again says so, and a
-- decision goes only if a record of it stays. Until now the schema refused to delete a decision at
-- all. `prune` is the one exception, and only for decisions that are old enough.

-- One row for each `prune`. Its counts are of the batches that were committed.
CREATE TABLE prunes (
    prune_id            INTEGER PRIMARY KEY,
    before_day          TEXT NOT NULL,        -- what is older was dropped
    decisions_before_ms INTEGER NOT NULL,     -- decisions that were taken earlier may be dropped
    started_at_ms       INTEGER NOT NULL,
    ended_at_ms         INTEGER,              -- NULL: it did not come to its end
    system_user         TEXT NOT NULL,
    runs                INTEGER NOT NULL DEFAULT 0,
    orders              INTEGER NOT NULL DEFAULT 0,
    answers             INTEGER NOT NULL DEFAULT 0,
    decisions           INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Runs whose rows were dropped. Their row in runs stays, with the files and warnings they had: later
-- runs are compared with it. What `runs` counts from the dropped rows is kept here.
CREATE TABLE pruned_runs (
    run_id          INTEGER PRIMARY KEY REFERENCES runs,
    prune_id        INTEGER NOT NULL REFERENCES prunes,
    answered        INTEGER NOT NULL,         -- orders with a trustworthy answer of the run's own
    reused          INTEGER NOT NULL,         -- orders with an answer of an earlier run
    findings        TEXT NOT NULL,            -- JSON: kind to number, without accepted ones
    accepted        TEXT NOT NULL             -- JSON: kind to number
) STRICT;

-- What is left of each decision that was dropped. decision_events can be deleted only after its row
-- here was written, and that only by a prune that has not ended.
CREATE TABLE pruned_decisions (
    decision_id     INTEGER PRIMARY KEY,
    prune_id        INTEGER NOT NULL REFERENCES prunes,
    event           TEXT NOT NULL,
    mismatch_id     TEXT NOT NULL,
    taken_at_ms     INTEGER NOT NULL
) STRICT;

DROP TRIGGER decision_events_are_not_deleted;
CREATE TRIGGER decision_events_are_not_deleted BEFORE DELETE ON decision_events
WHEN NOT EXISTS (SELECT 1 FROM pruned_decisions p WHERE p.decision_id = OLD.decision_id)
BEGIN SELECT raise(ABORT, 'a decision is never deleted'); END;

CREATE TRIGGER only_old_decisions_are_pruned BEFORE INSERT ON pruned_decisions
WHEN NOT EXISTS (SELECT 1 FROM decision_events d JOIN prunes p ON p.prune_id = NEW.prune_id
                 WHERE d.decision_id = NEW.decision_id AND d.event = NEW.event
                   AND d.mismatch_id = NEW.mismatch_id AND d.taken_at_ms = NEW.taken_at_ms
                   AND d.taken_at_ms < p.decisions_before_ms AND p.ended_at_ms IS NULL
                   AND NOT EXISTS (SELECT 1 FROM open_now n WHERE n.order_id = d.order_id))
BEGIN SELECT raise(ABORT, 'a decision is never deleted'); END;
CREATE TRIGGER pruned_decisions_are_not_updated BEFORE UPDATE ON pruned_decisions
BEGIN SELECT raise(ABORT, 'a decision is never changed'); END;
CREATE TRIGGER pruned_decisions_are_not_deleted BEFORE DELETE ON pruned_decisions
BEGIN SELECT raise(ABORT, 'a decision is never deleted'); END;
