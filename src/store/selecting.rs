//! Fixing a run's orders, once its ledger is stored (contract, "`run`": selection).

use super::entries::{Import, Imported, stored};
use super::error::StoreError;
use super::runs::Selection;
use rusqlite::{named_params, params};

impl Import<'_> {
    /// Fixes the run's orders and counts what was read. What is counted here can still be refused.
    ///
    /// # Errors
    /// The database.
    pub fn select(&mut self, selection: &Selection) -> Result<Imported, StoreError> {
        self.select_orders(selection).map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    /// A version that says what the one before it says is none: the same file gives an order
    /// twice every night.
    fn drop_equal_versions(&self) -> rusqlite::Result<()> {
        self.transaction.execute_batch(
            "DROP TABLE IF EXISTS temp.equal;
             CREATE TEMP TABLE equal (entry_id INTEGER PRIMARY KEY, before INTEGER NOT NULL);",
        )?;
        self.transaction.execute(
            "INSERT INTO temp.equal SELECT e.entry_id, p.entry_id FROM entries e JOIN entries p
                 ON p.entry_id = (SELECT max(entry_id) FROM entries x
                                  WHERE x.order_id = e.order_id AND x.entry_id < e.entry_id)
             WHERE e.entry_id > ?1 AND e.conflict IS p.conflict AND e.duplicate IS p.duplicate
               AND e.amount_micros = p.amount_micros AND e.currency = p.currency
               AND e.order_date = p.order_date AND e.ages_from_ms = p.ages_from_ms
               AND e.transaction_type IS p.transaction_type
               AND e.accounting_type IS p.accounting_type AND e.status IS p.status",
            [self.last_entry_id],
        )?;
        self.transaction.execute_batch(
            "UPDATE orders SET entry_id = (SELECT before FROM temp.equal q
                                           WHERE q.entry_id = orders.entry_id)
             WHERE order_id IN (SELECT e.order_id FROM temp.equal q
                                JOIN entries e ON e.entry_id = q.entry_id);
             DELETE FROM entries WHERE entry_id IN (SELECT entry_id FROM temp.equal);",
        )
    }

    fn select_orders(&mut self, selection: &Selection) -> rusqlite::Result<Imported> {
        self.drop_equal_versions()?;
        let from = selection.from.map(|date| date.to_string());
        let to = selection.to.map(|date| date.to_string());
        let merchant_uid = selection.merchant_uid.as_deref().unwrap_or_default();
        let source = if selection.ledgers.is_empty() {
            "orders o"
        } else {
            "temp.given g JOIN orders o ON o.order_id = g.order_id"
        };
        // `source` is one of the two texts above.
        self.transaction.execute(
            &[
                "INSERT INTO run_orders (run_id, order_id, entry_id)
                 SELECT :run_id, o.order_id, o.entry_id FROM ",
                source,
                " JOIN entries e ON e.entry_id = o.entry_id AND e.order_id = o.order_id
                 WHERE (:merchant_uid = '' OR o.merchant_uid = :merchant_uid)
                   AND e.order_date BETWEEN coalesce(:from, '') AND coalesce(:to, '9999-12-31')
                 ORDER BY o.order_id",
            ]
            .concat(),
            named_params! {
                ":run_id": self.run_id, ":merchant_uid": merchant_uid, ":from": from, ":to": to,
            },
        )?;
        if selection.include_open {
            self.transaction.execute(
                "INSERT INTO run_orders (run_id, order_id, entry_id)
                 SELECT :run_id, o.order_id, o.entry_id FROM orders o
                 WHERE o.order_id IN (SELECT order_id FROM mismatches WHERE resolved_run_id IS NULL
                                      UNION SELECT order_id FROM orders WHERE awaiting = 1)
                   AND (:merchant_uid = '' OR o.merchant_uid = :merchant_uid)
                   AND NOT EXISTS (SELECT 1 FROM run_orders r
                                   WHERE r.run_id = :run_id AND r.order_id = o.order_id)
                 ORDER BY o.order_id",
                named_params! { ":run_id": self.run_id, ":merchant_uid": merchant_uid },
            )?;
        }
        self.figures.changed = self.count(
            "SELECT count(*) FROM entries e JOIN entries p
                 ON p.entry_id = (SELECT max(entry_id) FROM entries x
                                  WHERE x.order_id = e.order_id AND x.entry_id < e.entry_id)
             WHERE e.entry_id > ?1
               AND (p.amount_micros <> e.amount_micros OR p.currency <> e.currency
                    OR p.transaction_type IS NOT e.transaction_type
                    OR p.accounting_type IS NOT e.accounting_type)",
            self.last_entry_id,
        )?;
        let selected =
            self.count("SELECT count(*) FROM run_orders WHERE run_id = ?1", self.run_id)?;
        let ledger = self.figures;
        self.transaction.execute(
            "UPDATE runs SET selection = :selection, base_url = :base_url,
                 merchant_uid = :merchant_uid, from_date = :from, to_date = :to,
                 ledger_rows = :rows, accepted = :accepted, invalid = :invalid,
                 repeated = :repeated, superseded = :superseded, changed = :changed,
                 selected = :selected,
                 first_date = (SELECT min(e.order_date) FROM run_orders r
                               JOIN entries e ON e.entry_id = r.entry_id WHERE r.run_id = :run_id),
                 last_date = (SELECT max(e.order_date) FROM run_orders r
                              JOIN entries e ON e.entry_id = r.entry_id WHERE r.run_id = :run_id)
             WHERE run_id = :run_id",
            named_params! {
                ":run_id": self.run_id, ":selection": selection.key(),
                ":base_url": selection.base_url, ":merchant_uid": merchant_uid,
                ":from": from, ":to": to, ":rows": stored(ledger.rows),
                ":accepted": stored(ledger.accepted), ":invalid": stored(ledger.invalid),
                ":repeated": stored(ledger.repeated), ":superseded": stored(ledger.superseded),
                ":changed": stored(ledger.changed), ":selected": stored(selected),
            },
        )?;
        Ok(Imported { run_id: self.run_id, ledger, selected })
    }

    fn count(&self, sql: &str, parameter: i64) -> rusqlite::Result<u64> {
        let count: i64 = self.transaction.query_row(sql, [parameter], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The latest run of the same selection that did not end complete and reported.
    ///
    /// # Errors
    /// The database.
    pub fn resumable(&self, selection: &Selection) -> Result<Option<i64>, StoreError> {
        self.transaction
            .query_row(
                "SELECT max(run_id) FROM runs
                 WHERE selection = ?1 AND run_id <> ?2
                   AND (status <> 'complete' OR reported_at_ms IS NULL)",
                params![selection.key(), self.run_id],
                |row| row.get(0),
            )
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}
