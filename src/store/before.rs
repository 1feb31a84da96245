//! What changed between a run and the one before it: the money, the orders, what is solved
//! (contract, "The report": "adding up to yesterday's ± what changed", Solved).

use super::decisions;
use super::decode::{self, date, unreadable};
use super::judging::Judging;
use super::reported_orders::place;
use crate::domain::amount::{Amount, Total};
use crate::domain::mismatch::Kind;
use crate::domain::money::Bucket;
use crate::domain::morning::{Before, Bridge, SinceBefore, SolvedRow};
use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

/// The judged run before this one, of the same merchant and gateway: of the same kind of selection,
/// if there is one.
pub(super) fn run_before(connection: &Connection, run_id: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT p.run_id FROM runs u
             JOIN runs p ON p.run_id < u.run_id AND p.judged_at_ms IS NOT NULL
                        AND p.merchant_uid = u.merchant_uid AND p.base_url = u.base_url
             WHERE u.run_id = ?1
             ORDER BY p.selection_kind IS u.selection_kind DESC, p.run_id DESC LIMIT 1",
        )?
        .query_row([run_id], |row| row.get(0))
        .optional()
}

/// An order in either of two runs.
struct Pair {
    before: Option<Side>,
    now: Option<Side>,
    is_in_run: bool,
    /// Whether any earlier run reported it.
    was_ever: bool,
}

/// An order as one run reported it.
struct Side {
    bucket: Bucket,
    figure: Amount,
    currency: String,
    /// Whether a finding is not accepted.
    is_open: bool,
}

impl Side {
    /// `before` is `p_` or `n_`. `None`: the run did not report it.
    fn read(row: &Row, columns: [&str; 4]) -> rusqlite::Result<Option<Side>> {
        let [bucket, figure, currency, severity] = columns;
        let bucket: Option<String> = row.get(bucket)?;
        let Some(bucket) = bucket.as_deref().and_then(Bucket::from_word) else { return Ok(None) };
        Ok(Some(Side {
            bucket,
            figure: Amount::from_micros(row.get(figure)?),
            currency: row.get(currency)?,
            is_open: row.get::<_, Option<String>>(severity)?.is_some(),
        }))
    }

    /// What it adds to the money at risk.
    fn at_risk(&self) -> Option<(&str, Amount)> {
        self.bucket.is_at_risk().then_some((self.currency.as_str(), self.figure))
    }
}

impl Judging<'_> {
    /// Compares the run with the one before, and keeps which orders are solved. `None`: there is no
    /// run before.
    pub(super) fn compare_with_before(&self, day: NaiveDate) -> rusqlite::Result<Option<Before>> {
        let Some(before) = run_before(&self.transaction, self.run_id)? else { return Ok(None) };
        let mut bridge: BTreeMap<String, Bridge> = BTreeMap::new();
        let mut orders = SinceBefore::default();
        let mut statement = self.transaction.prepare_cached(
            // Orders that are only suspect have no finding yet.
            "WITH both AS (SELECT order_id FROM reported_orders
                           WHERE run_id IN (?1, ?2) AND state <> 'suspect'
                           GROUP BY order_id)
             SELECT p.bucket AS p_bucket, p.figure_micros AS p_figure, p.currency AS p_currency,
                    p.severity AS p_severity, n.bucket AS n_bucket, n.figure_micros AS n_figure,
                    n.currency AS n_currency, n.severity AS n_severity,
                    r.order_id IS NOT NULL AS is_in_run,
                    p.order_id IS NULL AND EXISTS (
                        SELECT 1 FROM reported_mismatches e
                        WHERE e.order_id = both.order_id AND e.run_id < ?1
                          AND e.is_suspect = 0) AS was_ever
             FROM both
             LEFT JOIN reported_orders p ON p.run_id = ?2 AND p.order_id = both.order_id
                                        AND p.state <> 'suspect'
             LEFT JOIN reported_orders n ON n.run_id = ?1 AND n.order_id = both.order_id
                                        AND n.state <> 'suspect'
             LEFT JOIN run_orders r ON r.run_id = ?1 AND r.order_id = both.order_id",
        )?;
        let mut rows = statement.query([self.run_id, before])?;
        while let Some(row) = rows.next()? {
            let pair = Pair {
                before: Side::read(row, ["p_bucket", "p_figure", "p_currency", "p_severity"])?,
                now: Side::read(row, ["n_bucket", "n_figure", "n_currency", "n_severity"])?,
                is_in_run: row.get("is_in_run")?,
                was_ever: row.get("was_ever")?,
            };
            pair.count_money(&mut bridge);
            pair.count(&mut orders);
        }
        self.keep_solved(before, day)?;
        let day: String = self.transaction.query_row(
            "SELECT run_day FROM runs WHERE run_id = ?1",
            [before],
            |row| row.get(0),
        )?;
        let day = day.parse().unwrap_or_default();
        Ok(Some(Before { run_id: before, day, bridge, orders }))
    }

    /// Orders with findings in the run before, which this run has answered and found without.
    fn keep_solved(&self, before: i64, day: NaiveDate) -> rusqlite::Result<()> {
        self.transaction
            .execute(
                // What was said about an order is what was said about its most severe finding.
                "INSERT INTO solved_orders (run_id, order_id, outcome, kinds, bucket,
                     figure_micros, currency, first_seen, open_days, verdict, until, owner, note)
                 SELECT ?1, p.order_id, r.outcome,
                        (SELECT group_concat(kind, ' ' ORDER BY kind) FROM reported_mismatches
                         WHERE run_id = ?2 AND order_id = p.order_id),
                        p.bucket, p.figure_micros, p.currency, p.since,
                        max(0, julianday(?3) - julianday(p.since)),
                        m.verdict, m.until, m.owner, m.note
                 FROM reported_orders p
                 JOIN run_orders r ON r.run_id = ?1 AND r.order_id = p.order_id
                 JOIN reported_mismatches m ON m.run_id = ?2 AND m.order_id = p.order_id
                      AND m.kind = (SELECT k.kind FROM reported_mismatches k
                                    WHERE k.run_id = ?2 AND k.order_id = p.order_id
                                    ORDER BY k.severity <> 'high', k.severity <> 'medium', k.kind
                                    LIMIT 1)
                 WHERE p.run_id = ?2 AND p.state <> 'suspect'
                   AND NOT EXISTS (SELECT 1 FROM reported_orders n
                                   WHERE n.run_id = ?1 AND n.order_id = p.order_id)",
                params![self.run_id, before, day.to_string()],
            )
            .map(|_| ())
    }
}

impl Pair {
    fn count_money(&self, bridge: &mut BTreeMap<String, Bridge>) {
        let before = self.before.as_ref().and_then(Side::at_risk);
        let now = self.now.as_ref().and_then(Side::at_risk);
        if let Some((currency, figure)) = before {
            bridge.entry(currency.to_owned()).or_default().before.add(figure);
        }
        if let Some((currency, figure)) = now {
            bridge.entry(currency.to_owned()).or_default().now.add(figure);
        }
        match (before, now) {
            (Some((currency, then)), Some((other, figure))) if currency == other => {
                let change = &mut bridge.entry(currency.to_owned()).or_default().changed;
                change.add(figure);
                change.add(-then);
            }
            (before, now) => {
                if let Some((currency, figure)) = now {
                    let sums = bridge.entry(currency.to_owned()).or_default();
                    self.sum_of_arrival(sums).add(figure);
                }
                if let Some((currency, figure)) = before {
                    let sums = bridge.entry(currency.to_owned()).or_default();
                    match self.sum_of_departure(sums) {
                        Some(sum) => sum.add(figure),
                        None => sums.changed.add(-figure),
                    }
                }
            }
        }
    }

    /// Where an order counts that was not at risk in this currency before.
    fn sum_of_arrival<'a>(&self, sums: &'a mut Bridge) -> &'a mut Total {
        match (&self.before, self.was_ever) {
            (Some(_), _) => &mut sums.changed,
            (None, true) => &mut sums.back,
            (None, false) => &mut sums.new,
        }
    }

    /// Where an order counts that is no longer at risk in this currency. `None`: it has changed.
    fn sum_of_departure<'a>(&self, sums: &'a mut Bridge) -> Option<&'a mut Total> {
        match &self.now {
            Some(now) if now.bucket == Bucket::Accepted => Some(&mut sums.accepted),
            Some(_) => None,
            None if self.is_in_run => Some(&mut sums.solved),
            None => Some(&mut sums.not_in_run),
        }
    }

    fn count(&self, orders: &mut SinceBefore) {
        let before = self.before.as_ref().filter(|side| side.is_open);
        let now = self.now.as_ref().filter(|side| side.is_open);
        let count = match (before, now) {
            (Some(before), Some(now)) => {
                let figure = |side: &Side| side.at_risk().map_or(Amount::ZERO, |(_, it)| it);
                if figure(now) > figure(before) { &mut orders.worse } else { &mut orders.unchanged }
            }
            (None, Some(_)) if self.before.is_some() || self.was_ever => &mut orders.back,
            (None, Some(_)) => &mut orders.new,
            (Some(_), None) if self.now.is_some() => &mut orders.accepted,
            (Some(_), None) if self.is_in_run => &mut orders.solved,
            (Some(_), None) => &mut orders.not_in_run,
            (None, None) => return,
        };
        *count += 1;
    }
}

/// A row of `solved_orders`, joined with its order.
pub(super) fn solved(row: &Row) -> rusqlite::Result<SolvedRow> {
    let kinds: String = row.get("kinds")?;
    let kind = |word: &str| Kind::from_word(word).ok_or_else(|| unreadable("kinds"));
    Ok(SolvedRow {
        key: decode::key(row)?,
        outcome: decode::outcome(row, "outcome")?,
        kinds: kinds.split(' ').map(kind).collect::<rusqlite::Result<_>>()?,
        place: place(row)?,
        first_seen: date(row, "first_seen")?,
        open_days: row.get("open_days")?,
        decision: decisions::decision(row, "")?,
    })
}
