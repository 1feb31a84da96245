-- Why: a gateway that suddenly says the same wrong thing of many orders must not open a mismatch for
-- each of them. Such findings are suspect: they are reported, but they open and end nothing. A run
-- knows them by comparing the share of orders that newly have a kind with the runs before.

-- 1: the finding is suspect. Its column state is then 'new'.
ALTER TABLE reported_mismatches ADD COLUMN is_suspect INTEGER NOT NULL DEFAULT 0
    CHECK (is_suspect IN (0, 1));

-- On how many orders a judged run newly found a kind of mismatch. A kind that it found on no order
-- has no row.
CREATE TABLE new_findings (
    run_id          INTEGER NOT NULL REFERENCES runs,
    kind            TEXT NOT NULL,
    newly_found     INTEGER NOT NULL,         -- orders that did not have the kind, and have it now
    without         INTEGER NOT NULL,         -- selected orders that did not have the kind
    is_suspect      INTEGER NOT NULL CHECK (is_suspect IN (0, 1)),
    PRIMARY KEY (run_id, kind)
) STRICT, WITHOUT ROWID;

-- Runs of earlier releases: what they opened is what they newly found. Had: their other rows of the
-- kind, and what they resolved.
INSERT INTO new_findings
SELECT n.run_id, n.kind, n.newly_found,
       max(n.newly_found, u.selected - n.resolved
           - (SELECT count(*) FROM reported_mismatches m
              WHERE m.run_id = n.run_id AND m.kind = n.kind) + n.newly_found),
       0
FROM (SELECT run_id, kind, sum(event IN ('opened', 'reopened')) AS newly_found,
             sum(event = 'resolved') AS resolved
      FROM mismatch_events GROUP BY run_id, kind) n
JOIN runs u ON u.run_id = n.run_id
WHERE u.judged_at_ms IS NOT NULL AND n.newly_found > 0;
