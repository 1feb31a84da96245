-- Why: people read the database with a SQLite browser. The views show plain decimals and times.
-- They are created again after each migration, so that no migration has to repeat them.

DROP VIEW IF EXISTS open_mismatches;
DROP VIEW IF EXISTS ledger_and_gateway;
DROP VIEW IF EXISTS run_figures;

-- The open mismatches, as the latest run that showed them reported them.
CREATE VIEW open_mismatches AS
SELECT n.kind, r.severity, o.merchant_uid, o.merchant_order_id,
       printf('%s%d.%06d', iif(r.at_risk_micros < 0, '-', ''), abs(r.at_risk_micros) / 1000000,
              abs(r.at_risk_micros) % 1000000) AS at_risk,
       iif(r.variance_micros IS NULL, NULL,
           printf('%s%d.%06d', iif(r.variance_micros < 0, '-', ''), abs(r.variance_micros) / 1000000,
                  abs(r.variance_micros) % 1000000)) AS variance,
       r.currency, r.reason,
       (SELECT e.day FROM mismatch_events e
        WHERE e.order_id = n.order_id AND e.kind = n.kind AND e.event = 'opened'
        ORDER BY e.at_ms, e.run_id LIMIT 1) AS first_seen,
       r.run_id AS last_run, r.mismatch_id
FROM open_now n
JOIN orders o ON o.order_id = n.order_id
LEFT JOIN reported_mismatches r
       ON r.order_id = n.order_id AND r.kind = n.kind
      AND r.run_id = (SELECT x.run_id FROM reported_mismatches x
                      WHERE x.order_id = n.order_id AND x.kind = n.kind
                      ORDER BY x.answered_at_ms DESC, x.run_id DESC LIMIT 1);

-- The latest ledger entry and the latest answer of each order.
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

-- The runs and their figures.
CREATE VIEW run_figures AS
SELECT run_id, strftime('%Y-%m-%dT%H:%M:%SZ', started_at_ms / 1000, 'unixepoch') AS started_at,
       status, exit_code, end_reason,
       coalesce(from_date, first_date) AS from_date, coalesce(to_date, last_date) AS to_date,
       ledger_rows, accepted, invalid, repeated, superseded, skipped, changed,
       selected, matched, in_transit, mismatched, unverified, requests
FROM runs;
