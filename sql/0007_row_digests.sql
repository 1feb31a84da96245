-- Why: SQLite does not see a value that changed in the file: a disk that lies, a bad copy, a person
-- with a SQLite browser. A report that is written again from such a file would say something else
-- than its run found, and nobody would know. So each run keeps digests of its rows.

-- The digests of a judged run: SHA-256 over each thousand of its orders, in the order of order_id,
-- and number 0 over the run itself. store/digests.rs has the statements that are hashed.
--
-- Hashed are the values that nothing changes after the run was judged:
-- - 0: the run's row in runs without its end (ended_at_ms, exit_code, end_reason), without what
--   happened to its report (reported_at_ms, manifest_sha256) and without is_resumed; its rows of
--   ledger_files, invalid_rows, run_warnings and doubted_days; the decisions that it took.
-- - from 1 on: run_orders; of each order its name, the entry that the run judged and the answer
--   that it judged by, with the evidence; the events that the run recorded; reported_mismatches,
--   reported_orders, solved_orders.
-- Not hashed, because later runs change it: entry_version, answer_id and awaiting of orders. Not
-- hashed, because it points to another answer, which may be dropped: answers.previous_answer_id.
--
-- When a run is judged again, all of its digests are made anew. A migration that adds a column
-- changes no digest. One that rewrites a hashed column has to make the digests anew; one that drops
-- rows of a run has to drop its digests, and runs.rows_sha256, with them.
CREATE TABLE run_digests (
    run_id          INTEGER NOT NULL REFERENCES runs,
    number          INTEGER NOT NULL,         -- 0: the run itself; 1: its first thousand orders
    first_order_id  INTEGER,                  -- NULL: number 0
    last_order_id   INTEGER,
    orders          INTEGER NOT NULL,         -- a thousand, or fewer in the last one
    sha256          BLOB NOT NULL,            -- 32 bytes
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

-- The digests in one, in hexadecimal. It begins as digest 0; then it is SHA-256 over itself and the
-- next digest. The manifest and `runs` show it. NULL: not judged, or judged by an earlier release.
ALTER TABLE runs ADD COLUMN rows_sha256 TEXT;

-- 1: the run was resumed after it was judged, and is not judged again yet. Its unanswered orders may
-- have an answer by now that no digest knows.
ALTER TABLE runs ADD COLUMN is_resumed INTEGER NOT NULL DEFAULT 0 CHECK (is_resumed IN (0, 1));
