-- Why: what is written for each order is what a night takes. What the ledger says of an order is
-- numbered by versions, which needs no index of its own; an answer knows the one before it; which
-- orders share a payment is found through a small table that is filled in its own order when a run
-- is judged; and an order that nothing has changed of is not written when it is judged.

DROP VIEW ledger_and_gateway;
DROP VIEW open_mismatches;

CREATE TEMP TABLE versions (entry_id INTEGER PRIMARY KEY, version INTEGER NOT NULL);
INSERT INTO versions
SELECT entry_id, row_number() OVER (PARTITION BY order_id ORDER BY entry_id) FROM entries;

-- What the ledger said of an order: a row for each time it said something else.
CREATE TABLE entries_3 (
    order_id         INTEGER NOT NULL REFERENCES orders,
    version          INTEGER NOT NULL,        -- 1 is what it said first
    file_id          INTEGER NOT NULL REFERENCES ledger_files, -- of the run that read it first
    line             INTEGER NOT NULL,
    amount_micros    INTEGER NOT NULL,
    currency         TEXT NOT NULL,
    order_date       TEXT NOT NULL,
    ages_from_ms     INTEGER NOT NULL,        -- its instant, or its day's end
    transaction_type TEXT,
    accounting_type  TEXT,
    status           TEXT,
    conflict         TEXT,                    -- what one run's files contradict each other on
    duplicate        TEXT,                    -- where it is given again in full
    PRIMARY KEY (order_id, version)
) STRICT, WITHOUT ROWID;
INSERT INTO entries_3
SELECT e.order_id, v.version, e.file_id, e.line, e.amount_micros, e.currency, e.order_date,
       e.ages_from_ms, e.transaction_type, e.accounting_type, e.status, e.conflict, e.duplicate
FROM entries e JOIN versions v ON v.entry_id = e.entry_id ORDER BY e.order_id, v.version;

-- One row an order, ever. entry_version and answer_id are what is known of it now.
CREATE TABLE orders_3 (
    order_id          INTEGER PRIMARY KEY,
    merchant_uid      TEXT NOT NULL,          -- '' where neither ledger nor configuration names one
    merchant_order_id TEXT NOT NULL,
    entry_version     INTEGER NOT NULL,
    answer_id         INTEGER REFERENCES answers,
    awaiting          INTEGER NOT NULL DEFAULT 0 CHECK (awaiting IN (0, 1)),
                                              -- not judged as it is now, or in_transit or unverified
    UNIQUE (merchant_order_id, merchant_uid),
    -- Its first entry is written after it.
    FOREIGN KEY (order_id, entry_version) REFERENCES entries DEFERRABLE INITIALLY DEFERRED
) STRICT;
INSERT INTO orders_3
SELECT o.order_id, o.merchant_uid, o.merchant_order_id, v.version, o.answer_id, o.awaiting
FROM orders o JOIN versions v ON v.entry_id = o.entry_id ORDER BY o.order_id;

-- The orders of a run, and what came of asking. answered_at_ms is set when a trustworthy answer is.
CREATE TABLE run_orders_3 (
    run_id          INTEGER NOT NULL REFERENCES runs,
    order_id        INTEGER NOT NULL,
    entry_version   INTEGER NOT NULL,
    answer_id       INTEGER REFERENCES answers,
    answered_at_ms  INTEGER,
    tries           INTEGER NOT NULL DEFAULT 0,
    why             TEXT,                     -- why there is no trustworthy answer
    outcome         INTEGER                   -- 1 matched, 2 in_transit, 3 mismatched, 4 unverified
                    CHECK (outcome IN (1, 2, 3, 4)),
    PRIMARY KEY (run_id, order_id),
    FOREIGN KEY (order_id, entry_version) REFERENCES entries,
    CHECK ((answer_id IS NULL) = (answered_at_ms IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO run_orders_3
SELECT r.run_id, r.order_id, v.version, r.answer_id, r.answered_at_ms, r.tries, r.why, r.outcome
FROM run_orders r JOIN versions v ON v.entry_id = r.entry_id ORDER BY r.run_id, r.order_id;

DROP TABLE run_orders;
DROP TABLE orders;
DROP TABLE entries;
DROP TABLE versions;
ALTER TABLE entries_3 RENAME TO entries;
ALTER TABLE orders_3 RENAME TO orders;
ALTER TABLE run_orders_3 RENAME TO run_orders;
CREATE INDEX entries_date ON entries (order_date);
CREATE INDEX orders_awaiting ON orders (order_id) WHERE awaiting = 1;

ALTER TABLE answers ADD COLUMN previous_answer_id INTEGER REFERENCES answers; -- of the same order
UPDATE answers SET previous_answer_id =
    (SELECT max(p.answer_id) FROM answers p
     WHERE p.order_id = answers.order_id AND p.answer_id < answers.answer_id)
WHERE EXISTS (SELECT 1 FROM answers p
              WHERE p.order_id = answers.order_id AND p.answer_id < answers.answer_id);
DROP INDEX answers_order;
DROP INDEX answers_payment_uid;

-- Finds orders that may share a payment: those that were ever answered with a payment_uid of this
-- hash. It is filled when a run is judged, sorted: payments come in any order, and one by one each
-- would touch a page of its own. That is also why it is a hash, and why it has no foreign key.
CREATE TABLE orders_by_payment (
    payment_hash    INTEGER NOT NULL,
    order_id        INTEGER NOT NULL,
    PRIMARY KEY (payment_hash, order_id)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO orders_by_payment
SELECT payment_hash(payment_uid) AS payment_hash, order_id FROM answers
WHERE payment_uid IS NOT NULL ORDER BY payment_hash, order_id;

-- One row: the last answer whose payment is in orders_by_payment.
CREATE TABLE gathered_payments (answer_id INTEGER NOT NULL) STRICT;
INSERT INTO gathered_payments SELECT coalesce(max(answer_id), 0) FROM answers;

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
JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version
LEFT JOIN answers a ON a.answer_id = o.answer_id;
