-- Why: only the current state of a mismatch was stored, and each run overwrote it. A change was
-- lost when the next run changed the state again, and a run that was judged again had to undo what
-- it had written. Now each change is stored as an event and kept. The open mismatches are an index
-- of the events and can be rebuilt from them. The end of each run is recorded, also if the run
-- wrote no report. An order may be judged without a ledger entry: a settlement line has none.
--
-- The views are in views.sql. It is executed after each migration.

DROP VIEW open_mismatches;
DROP VIEW ledger_and_gateway;
DROP VIEW run_figures;

-- One row per order. entry_version and answer_id are the latest entry and the latest answer.
CREATE TABLE orders_4 (
    order_id          INTEGER PRIMARY KEY,
    merchant_uid      TEXT NOT NULL,          -- '' if neither ledger nor configuration has one
    merchant_order_id TEXT NOT NULL,
    entry_version     INTEGER,                -- NULL: no ledger has the order
    answer_id         INTEGER REFERENCES answers,
    awaiting          INTEGER NOT NULL DEFAULT 0 CHECK (awaiting IN (0, 1)), -- see store/awaiting.rs
    UNIQUE (merchant_order_id, merchant_uid),
    -- An order is inserted before its first entry.
    FOREIGN KEY (order_id, entry_version) REFERENCES entries DEFERRABLE INITIALLY DEFERRED
) STRICT;
INSERT INTO orders_4
SELECT order_id, merchant_uid, merchant_order_id, entry_version, answer_id, awaiting
FROM orders ORDER BY order_id;

-- The orders of a run and the results of querying them. answered_at_ms is the time of the
-- trustworthy answer.
CREATE TABLE run_orders_4 (
    run_id          INTEGER NOT NULL REFERENCES runs,
    order_id        INTEGER NOT NULL REFERENCES orders,
    entry_version   INTEGER,                  -- NULL: no ledger has the order
    answer_id       INTEGER REFERENCES answers,
    answered_at_ms  INTEGER,
    tries           INTEGER NOT NULL DEFAULT 0,
    why             TEXT,                     -- why there is no trustworthy answer
    outcome         INTEGER                   -- domain::mismatch::Outcome::number
                    CHECK (outcome IN (1, 2, 3, 4)),
    PRIMARY KEY (run_id, order_id),
    FOREIGN KEY (order_id, entry_version) REFERENCES entries,
    CHECK ((answer_id IS NULL) = (answered_at_ms IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO run_orders_4
SELECT run_id, order_id, entry_version, answer_id, answered_at_ms, tries, why, outcome
FROM run_orders ORDER BY run_id, order_id;

DROP TABLE run_orders;
DROP TABLE orders;
ALTER TABLE orders_4 RENAME TO orders;
ALTER TABLE run_orders_4 RENAME TO run_orders;
CREATE INDEX orders_awaiting ON orders (order_id) WHERE awaiting = 1;

-- The earlier release marked the orders of a run that was never judged when the next run began. The
-- new one marks them when the end of the run is recorded.
UPDATE orders SET awaiting = 1
WHERE order_id IN (SELECT r.order_id FROM runs u JOIN run_orders r ON r.run_id = u.run_id
                   WHERE u.judged_at_ms IS NULL AND u.run_id = (SELECT max(run_id) FROM runs));

-- How each run ended. While a run is active its end_reason is NULL.
ALTER TABLE runs ADD COLUMN ended_at_ms INTEGER;
ALTER TABLE runs ADD COLUMN exit_code INTEGER;
ALTER TABLE runs ADD COLUMN end_reason TEXT;
-- The time of the run's latest answer.
ALTER TABLE runs ADD COLUMN last_answered_at_ms INTEGER;
-- The latest time stored when the run started, if this machine's clock was behind that time.
ALTER TABLE runs ADD COLUMN clock_floor_ms INTEGER;
UPDATE runs SET last_answered_at_ms =
    (SELECT max(r.answered_at_ms) FROM run_orders r WHERE r.run_id = runs.run_id);
UPDATE runs SET
    ended_at_ms = coalesce(reported_at_ms, judged_at_ms),
    exit_code = iif(reported_at_ms IS NULL, NULL,
                    CASE WHEN unverified > 0 THEN 3 WHEN invalid > 0 THEN 4
                         WHEN EXISTS (SELECT 1 FROM reported_mismatches m
                                      WHERE m.run_id = runs.run_id) THEN 1 ELSE 0 END),
    end_reason = CASE WHEN reported_at_ms IS NOT NULL THEN 'report written'
                      ELSE 'not recorded by the release of that time' END;

-- The history of each mismatch: one event per change. at_ms is the time of the answer that showed
-- the change, or the start of the run if there was no answer. It is never earlier than the run's
-- clock_floor_ms. Events are sorted by at_ms, then by run_id. rules/lifecycle.rs decides which
-- events there are; store/events.rs writes them.
CREATE TABLE mismatch_events (
    order_id        INTEGER NOT NULL REFERENCES orders,
    kind            TEXT NOT NULL,
    at_ms           INTEGER NOT NULL,
    run_id          INTEGER NOT NULL REFERENCES runs,
    event           TEXT NOT NULL,            -- domain::mismatch::EventKind
    day             TEXT NOT NULL,            -- the run's day
    variance_micros INTEGER,
    PRIMARY KEY (order_id, kind, at_ms, run_id)
) STRICT, WITHOUT ROWID;

-- The mismatches that are open now: an index of mismatch_events.
CREATE TABLE open_now (
    order_id        INTEGER NOT NULL REFERENCES orders,
    kind            TEXT NOT NULL,
    PRIMARY KEY (order_id, kind)
) STRICT, WITHOUT ROWID;

-- The events of earlier releases are rebuilt from the reports of each run. A run counts for a
-- mismatch if it reported the mismatch, or if it had an answer that did not show the mismatch.
CREATE TEMP TABLE seen AS
WITH told AS (SELECT DISTINCT order_id, kind FROM reported_mismatches)
SELECT t.order_id, t.kind, iif(r.outcome = 4, u.started_at_ms, coalesce(r.answered_at_ms, u.started_at_ms)) AS at_ms,
       r.run_id,
       u.run_day, m.kind IS NOT NULL AS is_found, m.variance_micros, m.first_seen
FROM told t
JOIN runs u ON u.judged_at_ms IS NOT NULL
JOIN run_orders r ON r.run_id = u.run_id AND r.order_id = t.order_id
LEFT JOIN reported_mismatches m
       ON m.run_id = r.run_id AND m.order_id = r.order_id AND m.kind = t.kind
WHERE m.kind IS NOT NULL OR (r.answered_at_ms IS NOT NULL AND r.outcome <> 4);

INSERT INTO mismatch_events
WITH life AS (
    SELECT *, lag(is_found) OVER before AS was_found,
           lag(variance_micros) OVER before AS variance_before,
           max(is_found) OVER (before ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS was_ever
    FROM temp.seen
    WINDOW before AS (PARTITION BY order_id, kind ORDER BY at_ms, run_id)
), events AS (
    SELECT *, CASE WHEN is_found AND coalesce(was_ever, 0) = 0 THEN 'opened'
                   WHEN is_found AND NOT was_found THEN 'reopened'
                   WHEN is_found AND variance_micros IS NOT variance_before THEN 'changed'
                   WHEN NOT is_found AND was_found THEN 'resolved' END AS event
    FROM life
)
SELECT order_id, kind, at_ms, run_id, event, iif(event = 'opened', first_seen, run_day),
       variance_micros
FROM events WHERE event IS NOT NULL
ORDER BY order_id, kind, at_ms, run_id;
DROP TABLE temp.seen;

-- One row: the last run whose events were rebuilt. `show` prints it.
CREATE TABLE rebuilt_events (up_to_run_id INTEGER NOT NULL) STRICT;
INSERT INTO rebuilt_events SELECT coalesce(max(run_id), 0) FROM runs;

INSERT INTO open_now
SELECT order_id, kind FROM mismatch_events e
WHERE event <> 'resolved'
  AND NOT EXISTS (SELECT 1 FROM mismatch_events later
                  WHERE later.order_id = e.order_id AND later.kind = e.kind
                    AND (later.at_ms, later.run_id) > (e.at_ms, e.run_id));
DROP TABLE mismatches;

-- The hashes of the report files that runs have written. A report file with another hash was edited
-- by a person, and is never overwritten.
CREATE TABLE report_files (
    sha256          TEXT NOT NULL,            -- in hexadecimal
    run_id          INTEGER NOT NULL REFERENCES runs,
    PRIMARY KEY (sha256, run_id)
) STRICT, WITHOUT ROWID;
