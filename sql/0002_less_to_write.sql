-- Why: a run's time and a night's size are what is written for each order. An outcome is a number,
-- which takes a row of run_orders no room where it is `matched`; and an order's first entry may be
-- written before the order, so that the order is written once with all that is known of it.

DROP VIEW ledger_and_gateway;

CREATE TABLE run_orders_2 (
    run_id          INTEGER NOT NULL REFERENCES runs,
    order_id        INTEGER NOT NULL REFERENCES orders,
    entry_id        INTEGER NOT NULL REFERENCES entries,
    answer_id       INTEGER REFERENCES answers,
    answered_at_ms  INTEGER,
    tries           INTEGER NOT NULL DEFAULT 0,
    why             TEXT,                     -- why there is no trustworthy answer
    outcome         INTEGER                   -- 1 matched, 2 in_transit, 3 mismatched, 4 unverified
                    CHECK (outcome IN (1, 2, 3, 4)),
    PRIMARY KEY (run_id, order_id),
    CHECK ((answer_id IS NULL) = (answered_at_ms IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO run_orders_2
SELECT run_id, order_id, entry_id, answer_id, answered_at_ms, tries, why,
       CASE outcome WHEN 'matched' THEN 1 WHEN 'in_transit' THEN 2 WHEN 'mismatched' THEN 3
                    WHEN 'unverified' THEN 4 END
FROM run_orders ORDER BY run_id, order_id;
DROP TABLE run_orders;
ALTER TABLE run_orders_2 RENAME TO run_orders;

-- What the ledger said of an order: a row for each time it said something else.
CREATE TABLE entries_2 (
    entry_id         INTEGER PRIMARY KEY,
    order_id         INTEGER NOT NULL REFERENCES orders DEFERRABLE INITIALLY DEFERRED,
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
INSERT INTO entries_2 SELECT * FROM entries ORDER BY entry_id;
DROP TABLE entries;
ALTER TABLE entries_2 RENAME TO entries;
CREATE INDEX entries_order ON entries (order_id);
CREATE INDEX entries_date ON entries (order_date);

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
