//! The figures of a run: written when it is judged, read with its row.

use super::decode::unreadable;
use super::runs::RunStatus;
use super::to_ms;
use crate::domain::amount::Total;
use crate::domain::run::{
    Figures, LedgerFigures, Lives, MoneyByCurrency, MoneyRow, OrderFigures, money_rows,
};
use crate::domain::statement::{CompletedPayments, Payments, StatementLine};
use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, Row, named_params};
use std::collections::BTreeMap;

/// The sums of the ledger amounts of the run's orders by currency, as SQLite adds them. Units and
/// millionths are summed apart: together they can outgrow SQLite's integers.
pub(super) fn selected_amounts(
    connection: &Connection,
    run_id: i64,
) -> rusqlite::Result<BTreeMap<String, Total>> {
    let mut statement = connection.prepare_cached(
        "SELECT e.currency AS currency, sum(e.amount_micros / 1000000) AS units,
                sum(e.amount_micros % 1000000) AS micros
         FROM run_orders r
         JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
         WHERE r.run_id = ?1 GROUP BY e.currency",
    )?;
    let rows = statement.query_map([run_id], |row| {
        Ok((row.get("currency")?, Total::from_parts(row.get("units")?, row.get("micros")?)))
    })?;
    rows.collect()
}

/// Writes a judged run's figures into its row.
pub(super) fn store(
    connection: &Connection,
    run_id: i64,
    figures: &Figures,
    judged_at: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let orders = figures.orders;
    let json_error =
        |error: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(error.into());
    let totals = serde_json::to_string(&money_rows(&figures.totals)).map_err(json_error)?;
    let days: BTreeMap<String, u64> =
        figures.days.iter().map(|(day, orders)| (day.to_string(), *orders)).collect();
    let days = serde_json::to_string(&days).map_err(json_error)?;
    let lines = Some(&figures.gateway_totals).filter(|lines| !lines.is_empty());
    let gateway_totals = lines.map(serde_json::to_string).transpose().map_err(json_error)?;
    let status =
        if orders.unverified == 0 { RunStatus::Complete } else { RunStatus::Incomplete }.stored();
    connection.execute(
        "UPDATE runs SET status = :status, judged_at_ms = :judged_at_ms, is_resumed = 0,
             reported_at_ms = NULL, matched = :matched,
             in_transit = :in_transit, mismatched = :mismatched, unverified = :unverified,
             open_elsewhere = :open_elsewhere, totals = :totals, days = :days,
             accepted_orders = :accepted_orders, findings_for_exit = :findings_for_exit,
             gateway_totals = :gateway_totals
         WHERE run_id = :run_id",
        named_params! {
            ":run_id": run_id, ":status": status, ":judged_at_ms": to_ms(judged_at),
            ":matched": number(orders.matched), ":in_transit": number(orders.in_transit),
            ":mismatched": number(orders.mismatched), ":unverified": number(orders.unverified),
            ":open_elsewhere": number(figures.open_elsewhere), ":totals": totals,
            ":days": days, ":accepted_orders": number(figures.accepted_orders),
            ":findings_for_exit": number(figures.findings_for_exit),
            ":gateway_totals": gateway_totals,
        },
    )?;
    Ok(())
}

fn read_totals(json: Option<String>) -> rusqlite::Result<MoneyByCurrency> {
    let Some(json) = json else { return Ok(MoneyByCurrency::new()) };
    let rows: Vec<MoneyRow> = serde_json::from_str(&json).map_err(|_| unreadable("totals"))?;
    Ok(rows.into_iter().map(|row| ((row.currency, row.transaction_type), row.money)).collect())
}

fn read_gateway_totals(json: Option<String>) -> rusqlite::Result<Vec<StatementLine>> {
    let lines = json.map(|json| serde_json::from_str(&json));
    lines.transpose().map(Option::unwrap_or_default).map_err(|_| unreadable("gateway_totals"))
}

/// The completed payments among a run's answers: `final_amount`, else `amount`. Units and
/// millionths are summed apart, as above.
pub(super) fn completed_payments(
    connection: &Connection,
    run_id: i64,
) -> rusqlite::Result<CompletedPayments> {
    let mut statement = connection.prepare_cached(
        "SELECT lower(coalesce(a.currency, e.currency, '')) AS currency,
                coalesce(a.transaction_type, e.transaction_type, 'income') AS transaction_type,
                count(*) AS payments,
                sum(coalesce(a.final_amount_micros, a.amount_micros) / 1000000) AS units,
                sum(coalesce(a.final_amount_micros, a.amount_micros) % 1000000) AS micros
         FROM run_orders r
         JOIN answers a ON a.answer_id = r.answer_id
         LEFT JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
         WHERE r.run_id = ?1 AND a.kind = 'payment' AND a.payment_status = 'completed'
         GROUP BY 1, 2",
    )?;
    let rows = statement.query_map([run_id], |row| {
        let payments = count(row, "payments")?;
        let amount = Total::from_parts(row.get("units")?, row.get("micros")?);
        let key = (row.get("currency")?, row.get("transaction_type")?);
        Ok((key, Payments { payments, amount }))
    })?;
    rows.collect()
}

fn read_days(json: Option<String>) -> rusqlite::Result<BTreeMap<NaiveDate, u64>> {
    let Some(json) = json else { return Ok(BTreeMap::new()) };
    let days: BTreeMap<String, u64> =
        serde_json::from_str(&json).map_err(|_| unreadable("days"))?;
    days.into_iter()
        .map(|(day, orders)| Ok((day.parse().map_err(|_| unreadable("days"))?, orders)))
        .collect()
}

/// The figures in a row of `runs`. The mismatches and the reused answers are counted from other
/// tables.
pub(super) fn read(row: &Row) -> rusqlite::Result<Figures> {
    Ok(Figures {
        ledger: LedgerFigures {
            rows: count(row, "ledger_rows")?,
            accepted: count(row, "accepted")?,
            invalid: count(row, "invalid")?,
            repeated: count(row, "repeated")?,
            superseded: count(row, "superseded")?,
            skipped: count(row, "skipped")?,
            changed: count(row, "changed")?,
        },
        orders: OrderFigures {
            selected: count(row, "selected")?,
            reused: 0,
            matched: count(row, "matched")?,
            in_transit: count(row, "in_transit")?,
            mismatched: count(row, "mismatched")?,
            unverified: count(row, "unverified")?,
        },
        mismatches: BTreeMap::new(),
        accepted: BTreeMap::new(),
        accepted_orders: count(row, "accepted_orders")?,
        findings_for_exit: count(row, "findings_for_exit")?,
        days: read_days(row.get("days")?)?,
        lives: Lives::default(),
        open_elsewhere: count(row, "open_elsewhere")?,
        totals: read_totals(row.get("totals")?)?,
        requests: count(row, "requests")?,
        gateway_totals: read_gateway_totals(row.get("gateway_totals")?)?,
    })
}

/// A count; zero if there is none yet.
pub(super) fn count(row: &Row, column: &str) -> rusqlite::Result<u64> {
    let count: Option<i64> = row.get(column)?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}
