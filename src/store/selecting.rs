//! The end of an import: what the ledger says now becomes entries, and the run's orders are fixed
//! (contract, "Ledger": an order that comes again; "`run`": selection).

use super::entries::{Import, Imported, stored};
use super::error::StoreError;
use super::runs::Selection;
use crate::domain::order::LedgerStatus;
use rusqlite::{named_params, params};

impl Import<'_> {
    /// Stores what was read and fixes the run's orders. What is counted here can still be refused.
    ///
    /// # Errors
    /// The database.
    pub fn select(&mut self, selection: &Selection) -> Result<Imported, StoreError> {
        self.keep_entries()
            .and_then(|()| self.select_orders(selection))
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    /// Another version for each order of which the ledger says something else than before.
    fn keep_entries(&mut self) -> rusqlite::Result<()> {
        let transaction = &self.transaction;
        if let Some(status) = &self.default_status {
            transaction.execute(
                "UPDATE temp.given SET status = ?1 WHERE status IS NULL",
                [LedgerStatus::as_str(status)],
            )?;
        }
        let last_entry_id: i64 =
            transaction.query_row("SELECT coalesce(max(entry_id), 0) FROM entries", (), |row| {
                row.get(0)
            })?;
        // In the ledger's order, so that new orders lie beside each other.
        transaction.execute(
            "INSERT INTO orders (merchant_uid, merchant_order_id)
             SELECT g.merchant_uid, g.merchant_order_id FROM temp.given g
             WHERE NOT EXISTS (SELECT 1 FROM orders o
                               WHERE o.merchant_order_id = g.merchant_order_id
                                 AND o.merchant_uid = g.merchant_uid)
             ORDER BY g.file_id, g.line",
            (),
        )?;
        transaction.execute(
            "INSERT INTO entries (order_id, run_id, file_id, line, amount_micros, currency,
                 order_date, ages_from_ms, transaction_type, accounting_type, status, conflict,
                 duplicate)
             SELECT o.order_id, ?1, g.file_id, g.line, g.amount_micros, g.currency, g.order_date,
                 g.ages_from_ms, g.transaction_type, g.accounting_type, g.status, g.conflict,
                 g.duplicate
             FROM temp.given g
             CROSS JOIN orders o ON o.merchant_order_id = g.merchant_order_id
                                AND o.merchant_uid = g.merchant_uid
             LEFT JOIN entries e ON e.entry_id = o.entry_id
             WHERE e.entry_id IS NULL
                OR e.amount_micros <> g.amount_micros OR e.currency <> g.currency
                OR e.order_date <> g.order_date OR e.ages_from_ms <> g.ages_from_ms
                OR e.transaction_type IS NOT g.transaction_type
                OR e.accounting_type IS NOT g.accounting_type OR e.status IS NOT g.status
                OR e.conflict IS NOT g.conflict OR e.duplicate IS NOT g.duplicate
             ORDER BY o.order_id",
            [self.run_id],
        )?;
        self.figures.changed = self.count(
            "SELECT count(*) FROM entries e
             JOIN orders o ON o.order_id = e.order_id
             JOIN entries p ON p.entry_id = o.entry_id
             WHERE e.entry_id > ?1
               AND (p.amount_micros <> e.amount_micros OR p.currency <> e.currency
                    OR p.transaction_type IS NOT e.transaction_type
                    OR p.accounting_type IS NOT e.accounting_type)",
            last_entry_id,
        )?;
        // An order of which the ledger says something new has not been judged as it is now.
        transaction.execute(
            "UPDATE orders SET entry_id = e.entry_id, awaiting = orders.entry_id IS NOT NULL
             FROM entries e WHERE e.entry_id > ?1 AND e.order_id = orders.order_id",
            [last_entry_id],
        )?;
        Ok(())
    }

    fn select_orders(&mut self, selection: &Selection) -> rusqlite::Result<Imported> {
        let from = selection.from.map(|date| date.to_string());
        let to = selection.to.map(|date| date.to_string());
        let merchant_uid = selection.merchant_uid.as_deref().unwrap_or_default();
        let source = if selection.ledgers.is_empty() {
            "orders o"
        } else {
            "temp.given g CROSS JOIN orders o ON o.merchant_order_id = g.merchant_order_id \
             AND o.merchant_uid = g.merchant_uid"
        };
        // `source` is one of the two texts above.
        let chosen = self.transaction.execute(
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
        // Until it is judged, every selected order is one to ask again: a run that ends early must
        // not lose those that the next one's dates leave out.
        self.transaction.execute(
            "UPDATE orders SET awaiting = 1
             WHERE order_id IN (SELECT order_id FROM run_orders WHERE run_id = ?1)
               AND awaiting = 0",
            [self.run_id],
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
        let from_ledger =
            if selection.ledgers.is_empty() { 0 } else { u64::try_from(chosen).unwrap_or(0) };
        let first_invalid = self.first_invalid.clone();
        Ok(Imported { run_id: self.run_id, ledger, selected, from_ledger, first_invalid })
    }

    fn count(&self, sql: &str, parameter: i64) -> rusqlite::Result<u64> {
        let count: i64 = self.transaction.query_row(sql, [parameter], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The latest run of the same selection, unless it ended complete and reported. (An earlier
    /// one that did not is overtaken by it.)
    ///
    /// # Errors
    /// The database.
    pub fn resumable(&self, selection: &Selection) -> Result<Option<i64>, StoreError> {
        self.transaction
            .query_row(
                "SELECT max(run_id) FILTER (WHERE status <> 'complete' OR reported_at_ms IS NULL)
                 FROM (SELECT run_id, status, reported_at_ms FROM runs
                       WHERE selection = ?1 AND run_id <> ?2 ORDER BY run_id DESC LIMIT 1)",
                params![selection.key(), self.run_id],
                |row| row.get(0),
            )
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}
