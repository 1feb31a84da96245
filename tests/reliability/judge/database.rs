//! The database, read with SQLite from a copy: it is whole, the ledger is there or not at all, and
//! every stored answer is one that the gateway gave.

use super::Verdict;
use crate::stage::{Case, Stage};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// An answer as stored: kind, amount, final amount, currency, payment status, payment uid.
pub type Answer =
    (String, Option<i64>, Option<i64>, Option<String>, Option<String>, Option<String>);

/// What the database holds of the second night.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Whether the ledger was stored.
    pub has_ledger: bool,
    pub is_judged: bool,
    /// The answers by order id.
    pub answers: BTreeMap<String, Answer>,
}

/// Judges a copy of the case's database. A database that was never begun holds nothing.
pub fn database(verdict: &mut Verdict, stage: &Stage, case: &Case) -> Stored {
    let (_kept, path) = case.database_copy();
    if !path.exists() {
        if stage.has_first {
            verdict.lost.push("the database".to_owned());
        }
        return Stored::default();
    }
    let judged = Connection::open(path).and_then(|connection| {
        is_whole(verdict, &connection)?;
        ledger(verdict, stage, &connection)?;
        let stored = stored(&connection, stage.first_runs())?;
        answers(verdict, stage, &stored);
        Ok(stored)
    });
    judged.unwrap_or_else(|error| {
        verdict.lost.push(format!("the database: {error}"));
        Stored::default()
    })
}

/// Judges that the pages are whole and that each row refers to one that is there.
pub fn is_whole(verdict: &mut Verdict, connection: &Connection) -> rusqlite::Result<()> {
    let whole: String =
        connection.query_row("SELECT * FROM pragma_integrity_check", (), |row| row.get(0))?;
    if whole != "ok" {
        verdict.lost.push(format!("the database is damaged: {whole}"));
    }
    let orphans: i64 =
        connection
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", (), |row| row.get(0))?;
    if orphans > 0 {
        verdict.lost.push(format!("{orphans} rows refer to a row that is not there"));
    }
    Ok(())
}

/// The second night's run: the latest one that has orders. The number of the first night's runs is
/// `?1`. A run that failed before it stored its ledger has a number, and no orders.
const NIGHT: &str = "(SELECT max(run_id) FROM run_orders WHERE run_id > ?1)";

/// What is stored of the second night. `first` is the number of the first night's runs.
pub fn stored(connection: &Connection, first: i64) -> rusqlite::Result<Stored> {
    if !has_schema(connection)? {
        return Ok(Stored::default());
    }
    let mut statement = connection.prepare(&format!(
        "SELECT o.merchant_order_id, a.kind, a.amount_micros, a.final_amount_micros, a.currency,
                a.payment_status, a.payment_uid
         FROM run_orders r JOIN orders o USING (order_id) JOIN answers a USING (answer_id)
         WHERE r.run_id = {NIGHT}"
    ))?;
    let rows = statement.query_map([first], |row| {
        let answer = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
        Ok((row.get(0)?, answer))
    })?;
    let answers = rows.collect::<rusqlite::Result<BTreeMap<String, Answer>>>()?;
    let count = |condition: &str| {
        let query = format!("SELECT count(*) FROM runs WHERE run_id = {NIGHT} {condition}");
        connection.query_row(&query, [first], |row| row.get::<_, i64>(0))
    };
    Ok(Stored {
        has_ledger: count("")? > 0,
        is_judged: count("AND judged_at_ms IS NOT NULL")? > 0,
        answers,
    })
}

fn has_schema(connection: &Connection) -> rusqlite::Result<bool> {
    let query = "SELECT count(*) FROM sqlite_schema WHERE name = 'run_orders'";
    Ok(connection.query_row(query, (), |row| row.get::<_, i64>(0))? > 0)
}

/// The ledger of the second night is stored whole or not at all, each row once.
fn ledger(verdict: &mut Verdict, stage: &Stage, connection: &Connection) -> rusqlite::Result<()> {
    if !has_schema(connection)? {
        return Ok(());
    }
    let query = "SELECT count(DISTINCT run_id) FROM run_orders WHERE run_id > ?1";
    let runs: i64 = connection.query_row(query, [stage.first_runs()], |row| row.get(0))?;
    if runs == 0 {
        return Ok(());
    }
    if runs > 1 {
        verdict.doubled.push(format!("{runs} runs of one night"));
    }
    let mut statement = connection.prepare(&format!(
        "SELECT o.merchant_order_id, e.amount_micros, e.currency
         FROM run_orders r JOIN orders o USING (order_id)
         JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
         WHERE r.run_id = {NIGHT}"
    ))?;
    let rows = statement
        .query_map([stage.first_runs()], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    let mut found: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for row in rows {
        let (order, entry): (String, (i64, String)) = row?;
        if found.insert(order.clone(), entry).is_some() {
            verdict.doubled.push(format!("the ledger row of {order}"));
        }
    }
    for order in &stage.nights.orders {
        match found.remove(&order.id) {
            None => verdict.lost.push(format!("the ledger row of {}", order.id)),
            Some((amount, currency)) => {
                if (amount, &*currency) != (order.amount * 10_000, "inr") {
                    verdict.wrong.push(format!("{} has {amount} {currency}", order.id));
                }
            }
        }
    }
    verdict.invented.extend(found.into_keys().map(|order| format!("a ledger row of {order}")));
    Ok(())
}

/// Each stored answer is what the gateway says of that order.
fn answers(verdict: &mut Verdict, stage: &Stage, stored: &Stored) {
    for (order, answer) in &stored.answers {
        match stage.bodies.get(order).map(|body| read(body)) {
            None | Some(None) => verdict.invented.push(format!("an answer for {order}")),
            Some(Some(given)) if given != *answer => {
                verdict.wrong.push(format!("the answer for {order}: {answer:?}, not {given:?}"));
            }
            Some(Some(_)) => {}
        }
    }
}

/// What a body of the gateway says. `None`: nothing that can be trusted.
fn read(body: &str) -> Option<Answer> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    if body["result"] == "error" {
        return Some(("missing".to_owned(), None, None, None, None, None));
    }
    let payment = &body["data"]["payment"];
    let text = |name: &str| payment[name].as_str().filter(|it| !it.is_empty()).map(str::to_owned);
    let micros = |name: &str| {
        let text = text(name)?;
        let (units, decimals) = text.split_once('.')?;
        format!("{units}{decimals:0<6}").parse::<i64>().ok()
    };
    Some((
        "payment".to_owned(),
        micros("amount"),
        micros("final_amount"),
        text("currency"),
        text("payment_status"),
        text("payment_uid"),
    ))
}

/// Each order has the outcome that its state asks for, once.
pub fn final_outcomes(verdict: &mut Verdict, stage: &Stage, case: &Case) {
    let (_kept, path) = case.database_copy();
    let read = || -> rusqlite::Result<BTreeMap<String, Option<i64>>> {
        let connection = Connection::open(path)?;
        let mut statement = connection.prepare(&format!(
            "SELECT o.merchant_order_id, r.outcome FROM run_orders r JOIN orders o USING (order_id)
             WHERE r.run_id = {NIGHT}"
        ))?;
        let rows =
            statement.query_map([stage.first_runs()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let found = read().unwrap_or_default();
    for (order, outcome) in stage.nights.outcomes() {
        match found.get(&order) {
            Some(Some(found)) if *found == outcome => {}
            Some(Some(found)) => {
                verdict.wrong.push(format!("{order} has the outcome {found}, not {outcome}"));
            }
            _ => verdict.lost.push(format!("the outcome of {order}")),
        }
    }
}
