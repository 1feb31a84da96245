-- Why: a run must be able to end at any moment and lose nothing. So the ledger is stored before the
-- first call, every answer is committed before it counts, and what a run judged stays as it was.
--
-- Money is in integers of millionths (…_micros), instants in milliseconds since 1970 UTC (…_ms),
-- dates are ISO texts in the ledger's time zone. People read the views at the end.

-- One row a run. Its selection and its orders are fixed when it starts.
CREATE TABLE runs (
    run_id          INTEGER PRIMARY KEY,
    started_at_ms   INTEGER NOT NULL,
    run_day         TEXT NOT NULL,            -- its date in the ledger's time zone
    status          TEXT NOT NULL CHECK (status IN ('asking', 'incomplete', 'complete')),
    selection       TEXT NOT NULL,            -- JSON: what --resume compares
    base_url        TEXT NOT NULL,
    merchant_uid    TEXT NOT NULL,            -- '' where none is configured
    from_date       TEXT,                     -- the range, where one was given
    to_date         TEXT,
    first_date      TEXT,                     -- of its orders
    last_date       TEXT,
    ledger_rows     INTEGER NOT NULL DEFAULT 0,
    accepted        INTEGER NOT NULL DEFAULT 0,
    invalid         INTEGER NOT NULL DEFAULT 0,
    repeated        INTEGER NOT NULL DEFAULT 0,
    superseded      INTEGER NOT NULL DEFAULT 0,
    changed         INTEGER NOT NULL DEFAULT 0,
    selected        INTEGER NOT NULL DEFAULT 0,
    requests        INTEGER NOT NULL DEFAULT 0, -- calls, retries included
    judged_at_ms    INTEGER,
    reported_at_ms  INTEGER,                  -- NULL: the report is still to be written
    matched         INTEGER,
    in_transit      INTEGER,
    mismatched      INTEGER,
    unverified      INTEGER,
    open_elsewhere  INTEGER,
    totals          TEXT                      -- JSON with exact decimals: sums outgrow 64 bits
) STRICT;

-- The files that a run read.
CREATE TABLE ledger_files (
    file_id         INTEGER PRIMARY KEY,
    run_id          INTEGER NOT NULL REFERENCES runs,
    name            TEXT NOT NULL
) STRICT;

-- One row an order, ever. entry_id and answer_id are what is known of it now.
CREATE TABLE orders (
    order_id          INTEGER PRIMARY KEY,
    merchant_uid      TEXT NOT NULL,          -- '' where neither ledger nor configuration names one
    merchant_order_id TEXT NOT NULL,
    entry_id          INTEGER REFERENCES entries, -- NULL only inside the transaction that makes both:
                                              -- a deferred key would scan orders for each entry
    answer_id         INTEGER REFERENCES answers,
    awaiting          INTEGER NOT NULL DEFAULT 0 CHECK (awaiting IN (0, 1)), -- not judged as it is now, or in_transit or unverified
    judged_run_id     INTEGER REFERENCES runs,  -- the latest run that judged it
    UNIQUE (merchant_order_id, merchant_uid)
) STRICT;
CREATE INDEX orders_awaiting ON orders (order_id) WHERE awaiting = 1;

-- What the ledger said of an order: a row for each time it said something else.
CREATE TABLE entries (
    entry_id         INTEGER PRIMARY KEY,
    order_id         INTEGER NOT NULL REFERENCES orders,
    run_id           INTEGER NOT NULL REFERENCES runs,  -- the run that read it first
    file_id          INTEGER NOT NULL REFERENCES ledger_files,
    line             INTEGER NOT NULL,
    amount_micros    INTEGER NOT NULL,
    currency         TEXT NOT NULL,
    order_date       TEXT NOT NULL,
    ages_from_ms     INTEGER NOT NULL,        -- its instant, or its day's end
    transaction_type TEXT,
    accounting_type  TEXT,
    status           TEXT,
    conflict         TEXT,                    -- what one run's files contradict each other on
    duplicate        TEXT                     -- where it is given again in full
) STRICT;
CREATE INDEX entries_order ON entries (order_id);
CREATE INDEX entries_date ON entries (order_date);

-- Ledger rows that could not be used, as they came.
CREATE TABLE invalid_rows (
    run_id          INTEGER NOT NULL REFERENCES runs,
    number          INTEGER NOT NULL,         -- in the order in which they were read
    file            TEXT NOT NULL,
    line            INTEGER NOT NULL,
    reason          TEXT NOT NULL,
    raw             BLOB NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

-- What the gateway said of an order: a row for each time it said something else. Never holds
-- signature_key; accounts and names only if configured.
CREATE TABLE answers (
    answer_id              INTEGER PRIMARY KEY,
    order_id               INTEGER NOT NULL REFERENCES orders,
    run_id                 INTEGER NOT NULL REFERENCES runs,  -- the run that got it first
    received_at_ms         INTEGER NOT NULL,
    kind                   TEXT NOT NULL CHECK (kind IN ('payment', 'missing')),
    amount_micros          INTEGER,
    final_amount_micros    INTEGER,
    currency               TEXT,
    transaction_type       TEXT,
    accounting_type        TEXT,
    payment_status         TEXT,
    payment_fail_reason    TEXT,
    accounting_status      TEXT,
    accounting_fail_reason TEXT,
    notify_status          TEXT,
    notify_fail_reason     TEXT,
    payment_uid            TEXT,
    channel                TEXT,
    evidence               TEXT NOT NULL,     -- the payment object as JSON, or the error's text
    CHECK (kind = 'missing' OR amount_micros IS NOT NULL)
) STRICT;
CREATE INDEX answers_order ON answers (order_id);
CREATE INDEX answers_payment_uid ON answers (payment_uid) WHERE payment_uid IS NOT NULL;

-- The orders of a run, and what came of asking. answered_at_ms is set when a trustworthy answer is.
CREATE TABLE run_orders (
    run_id          INTEGER NOT NULL REFERENCES runs,
    order_id        INTEGER NOT NULL REFERENCES orders,
    entry_id        INTEGER NOT NULL REFERENCES entries,
    answer_id       INTEGER REFERENCES answers,
    answered_at_ms  INTEGER,
    tries           INTEGER NOT NULL DEFAULT 0,
    why             TEXT,                     -- why there is no trustworthy answer
    outcome         TEXT CHECK (outcome IN ('matched', 'in_transit', 'mismatched', 'unverified')),
    PRIMARY KEY (run_id, order_id),
    CHECK ((answer_id IS NULL) = (answered_at_ms IS NULL))
) STRICT, WITHOUT ROWID;

-- Where each mismatch stands now. The before_… columns are how it stood before run_id touched it, so
-- that the same run can be judged again.
CREATE TABLE mismatches (
    order_id               INTEGER NOT NULL REFERENCES orders,
    kind                   TEXT NOT NULL,
    mismatch_id            TEXT NOT NULL,
    first_seen             TEXT NOT NULL,
    run_id                 INTEGER NOT NULL REFERENCES runs,
    variance_micros        INTEGER,
    resolved_run_id        INTEGER REFERENCES runs,           -- NULL: open
    before_run_id          INTEGER REFERENCES runs,           -- NULL: it was not there
    before_variance_micros INTEGER,
    before_resolved_run_id INTEGER REFERENCES runs,
    PRIMARY KEY (order_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX mismatches_open ON mismatches (order_id) WHERE resolved_run_id IS NULL;

-- What each run reported, as it reported it.
CREATE TABLE reported_mismatches (
    run_id          INTEGER NOT NULL REFERENCES runs,
    order_id        INTEGER NOT NULL REFERENCES orders,
    kind            TEXT NOT NULL,
    severity        TEXT NOT NULL CHECK (severity IN ('high', 'medium', 'low')),
    state           TEXT NOT NULL CHECK (state IN ('new', 'open', 'changed', 'reopened')),
    variance_micros INTEGER,
    at_risk_micros  INTEGER NOT NULL,
    currency        TEXT NOT NULL,
    reason          TEXT NOT NULL,
    first_seen      TEXT NOT NULL,
    open_days       INTEGER NOT NULL,
    mismatch_id     TEXT NOT NULL,
    answer_id       INTEGER REFERENCES answers, -- what it was judged by
    answered_at_ms  INTEGER,
    PRIMARY KEY (run_id, order_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX reported_mismatches_order ON reported_mismatches (order_id);

-- For people with a SQLite browser: plain decimals and times.

CREATE VIEW open_mismatches AS
SELECT m.kind, r.severity, o.merchant_uid, o.merchant_order_id,
       printf('%s%d.%06d', iif(r.at_risk_micros < 0, '-', ''), abs(r.at_risk_micros) / 1000000,
              abs(r.at_risk_micros) % 1000000) AS at_risk,
       iif(r.variance_micros IS NULL, NULL,
           printf('%s%d.%06d', iif(r.variance_micros < 0, '-', ''), abs(r.variance_micros) / 1000000,
                  abs(r.variance_micros) % 1000000)) AS variance,
       r.currency, r.reason, m.first_seen, m.run_id AS last_run, m.mismatch_id
FROM mismatches m
JOIN orders o ON o.order_id = m.order_id
LEFT JOIN reported_mismatches r
       ON r.run_id = m.run_id AND r.order_id = m.order_id AND r.kind = m.kind
WHERE m.resolved_run_id IS NULL;

CREATE VIEW ledger_and_gateway AS
SELECT o.merchant_uid, o.merchant_order_id, e.order_date, e.currency,
       printf('%d.%06d', e.amount_micros / 1000000, e.amount_micros % 1000000) AS ledger_amount,
       e.status AS ledger_status, e.transaction_type,
       iif(a.kind = 'missing', 'missing', a.payment_status) AS payment_status,
       iif(a.amount_micros IS NULL, NULL,
           printf('%d.%06d', a.amount_micros / 1000000, a.amount_micros % 1000000)) AS gateway_amount,
       iif(a.final_amount_micros IS NULL, NULL,
           printf('%d.%06d', a.final_amount_micros / 1000000,
                  a.final_amount_micros % 1000000)) AS final_amount,
       a.currency AS gateway_currency, a.accounting_status, a.notify_status, a.payment_uid,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.received_at_ms / 1000, 'unixepoch') AS answer_since
FROM orders o
JOIN entries e ON e.entry_id = o.entry_id
LEFT JOIN answers a ON a.answer_id = o.answer_id;

CREATE VIEW run_figures AS
SELECT run_id, strftime('%Y-%m-%dT%H:%M:%SZ', started_at_ms / 1000, 'unixepoch') AS started_at,
       status, coalesce(from_date, first_date) AS from_date, coalesce(to_date, last_date) AS to_date,
       ledger_rows, accepted, invalid, repeated, superseded, changed,
       selected, matched, in_transit, mismatched, unverified, requests
FROM runs;
