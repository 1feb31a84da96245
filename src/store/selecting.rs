//! The end of an import: what the ledger says now becomes entries, and the run's orders are fixed
//! (contract, "Ledger": an order that comes again; "`run`": selection).

use super::error::StoreError;
use super::import::{Import, Imported, stored};
use super::runs::RunStatus;
use rusqlite::{named_params, params};

impl Import<'_> {
    /// Stores what was read from these ledgers, by their digests, and fixes the run's orders. What
    /// is counted here can still be refused.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn select(&mut self, ledgers: Vec<String>) -> Result<Imported, StoreError> {
        self.selection.ledgers = ledgers;
        self.store_waiting()
            .and_then(|()| self.store_merged())
            .and_then(|()| self.select_orders())
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }

    fn select_orders(&mut self) -> rusqlite::Result<Imported> {
        let selection = &self.selection;
        let from = selection.from.map(|date| date.to_string());
        let to = selection.to.map(|date| date.to_string());
        let merchant_uid = selection.merchant_uid.as_deref().unwrap_or_default();
        // CROSS JOIN: start from the ledger's orders, not from all stored orders of these dates.
        let source = if selection.ledgers.is_empty() {
            "orders o"
        } else {
            "temp.merged m CROSS JOIN orders o ON o.order_id = m.order_id CROSS"
        };
        // New orders were selected by their first row. Those with further rows are selected again,
        // by all of their rows.
        let unselected = self.connection.execute(
            "DELETE FROM run_orders
             WHERE run_id = ?1 AND order_id IN (SELECT order_id FROM temp.merged)",
            [self.run_id],
        )?;
        // `source` is one of the two texts above.
        let chosen = self.connection.execute(
            &[
                "INSERT INTO run_orders (run_id, order_id, entry_version)
                 SELECT :run_id, o.order_id, o.entry_version FROM ",
                source,
                " JOIN entries e ON e.order_id = o.order_id AND e.version = o.entry_version
                 WHERE NOT :open_only
                   AND (:merchant_uid = '' OR o.merchant_uid = :merchant_uid)
                   AND e.order_date BETWEEN coalesce(:from, '') AND coalesce(:to, '9999-12-31')
                 ORDER BY o.order_id",
            ]
            .concat(),
            named_params! {
                ":run_id": self.run_id, ":merchant_uid": merchant_uid, ":from": from, ":to": to,
                ":open_only": selection.open_only,
            },
        )?;
        if selection.include_open {
            self.connection.execute(
                "INSERT INTO run_orders (run_id, order_id, entry_version, carried)
                 SELECT :run_id, o.order_id, o.entry_version, 1 FROM orders o
                 WHERE o.order_id IN (SELECT order_id FROM open_now
                                      UNION SELECT order_id FROM orders WHERE awaiting = 1
                                      UNION SELECT p.order_id
                                      FROM answers a INDEXED BY answers_failed
                                      JOIN orders p ON p.answer_id = a.answer_id
                                      JOIN entries f ON f.order_id = p.order_id
                                                    AND f.version = p.entry_version
                                      WHERE a.payment_status IN ('failed', 'reject')
                                        AND iif(f.transaction_type IN ('income', 'expense'),
                                                f.transaction_type, a.transaction_type) = 'expense'
                                        AND f.order_date >= :failed_since)
                   AND (:merchant_uid = '' OR o.merchant_uid = :merchant_uid)
                   AND NOT EXISTS (SELECT 1 FROM run_orders r
                                   WHERE r.run_id = :run_id AND r.order_id = o.order_id)
                 ORDER BY o.order_id",
                named_params! {
                    ":run_id": self.run_id, ":merchant_uid": merchant_uid,
                    ":failed_since": selection.failed_payouts_since.map(|date| date.to_string()),
                },
            )?;
        }
        let selected =
            self.count("SELECT count(*) FROM run_orders WHERE run_id = ?1", self.run_id)?;
        let ledger = self.figures;
        // A night without its ledger is a night: the others are compared with it.
        let has_kind = !selection.ledgers.is_empty() || selection.open_only;
        let kind = Some(selection.kind.stored()).filter(|_| has_kind);
        self.connection.execute(
            "UPDATE runs SET selection = :selection, base_url = :base_url,
                 merchant_uid = :merchant_uid, from_date = :from, to_date = :to,
                 selection_kind = :kind,
                 ledger_rows = :rows, accepted = :accepted, invalid = :invalid,
                 repeated = :repeated, superseded = :superseded, skipped = :skipped,
                 changed = :changed,
                 selected = :selected,
                 (first_date, last_date) =
                     (SELECT min(e.order_date), max(e.order_date) FROM run_orders r
                      JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
                      WHERE r.run_id = :run_id)
             WHERE run_id = :run_id",
            named_params! {
                ":run_id": self.run_id, ":selection": selection.key(),
                ":base_url": selection.base_url, ":merchant_uid": merchant_uid,
                ":from": from, ":to": to, ":kind": kind, ":rows": stored(ledger.rows),
                ":accepted": stored(ledger.accepted), ":invalid": stored(ledger.invalid),
                ":repeated": stored(ledger.repeated), ":superseded": stored(ledger.superseded),
                ":skipped": stored(ledger.skipped), ":changed": stored(ledger.changed),
                ":selected": stored(selected),
            },
        )?;
        let number = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let from_ledger = if selection.ledgers.is_empty() {
            0
        } else {
            (self.selected + number(chosen)).saturating_sub(number(unselected))
        };
        let first_invalid = self.first_invalid.clone();
        Ok(Imported { run_id: self.run_id, ledger, selected, from_ledger, first_invalid })
    }

    pub(super) fn count(&self, sql: &str, parameter: i64) -> rusqlite::Result<u64> {
        let count: i64 = self.connection.query_row(sql, [parameter], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The latest run of the same selection, unless it is complete and has its report. Earlier runs
    /// of the same selection are not resumed.
    ///
    /// # Errors
    /// The database.
    pub(crate) fn resumable(&self) -> Result<Option<i64>, StoreError> {
        self.connection
            .query_row(
                "SELECT max(run_id) FILTER (WHERE status <> ?3 OR reported_at_ms IS NULL)
                 FROM (SELECT run_id, status, reported_at_ms FROM runs
                       WHERE selection = ?1 AND run_id <> ?2
                         AND run_id NOT IN (SELECT run_id FROM pruned_runs)
                       ORDER BY run_id DESC LIMIT 1)",
                params![self.selection.key(), self.run_id, RunStatus::Complete.stored()],
                |row| row.get(0),
            )
            .map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}
