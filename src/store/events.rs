//! The events of mismatches, and what is open as they say (contract, "Decisions": events; "The
//! report": `state`). What an event means is for `rules::lifecycle`.
//!
//! A run records events only of orders that no other run has judged by a later answer. When the run
//! is judged again, its own events since that answer are replaced, and nothing else.

use super::decisions::{self, Stored};
use super::decode::{self, date, instant, optional_date, unreadable};
use super::to_ms;
use crate::domain::amount::Amount;
use crate::domain::mismatch::{Event, EventKind, Kind, Outcome};
use crate::domain::text::Text;
use rusqlite::{Connection, Row, params};
use std::collections::HashMap;

/// Where a judgement is in the order of events: the time of its answer, then its run.
pub(super) type Moment = (i64, i64);

/// The place of the judgement of an order (`run_orders r`) by its run (`runs u`) in the order of
/// events: the time of the answer, or the start of the run if there is no answer. A clock that was
/// set back does not move it before what was stored then.
macro_rules! event_ms {
    () => {
        "coalesce(r.ordered_at_ms, r.answered_at_ms,
                  max(u.started_at_ms, coalesce(u.clock_floor_ms, 0)))"
    };
}
pub(super) use event_ms;

/// The events of a run's orders after the first up to the second of these, by order; each order's
/// in their order.
pub(super) fn of_orders(
    connection: &Connection,
    run_id: i64,
    (after, last): (i64, i64),
) -> rusqlite::Result<HashMap<i64, Vec<Event>>> {
    let mut statement = connection.prepare_cached(
        "SELECT e.* FROM run_orders r CROSS JOIN mismatch_events e ON e.order_id = r.order_id
         WHERE r.run_id = ?1 AND r.order_id > ?2 AND r.order_id <= ?3",
    )?;
    let mut rows = statement.query([run_id, after, last])?;
    let mut events: HashMap<i64, Vec<Event>> = HashMap::new();
    while let Some(row) = rows.next()? {
        events.entry(row.get("order_id")?).or_default().push(event(row)?);
    }
    for events in events.values_mut() {
        events.sort_by_key(|event| (moment(event), event.kind));
    }
    Ok(events)
}

/// The events of one order, in their order.
pub(super) fn of_order(connection: &Connection, order_id: i64) -> rusqlite::Result<Vec<Event>> {
    connection
        .prepare_cached(
            "SELECT * FROM mismatch_events WHERE order_id = ?1 ORDER BY at_ms, run_id, kind",
        )?
        .query_map([order_id], event)?
        .collect()
}

/// Reads a row of `mismatch_events`.
pub(super) fn event(row: &Row) -> rusqlite::Result<Event> {
    let event: String = row.get("event")?;
    Ok(Event {
        kind: decode::kind(row)?,
        event: EventKind::from_word(&event).ok_or_else(|| unreadable("event"))?,
        at: instant(row, "at_ms")?,
        run_id: row.get("run_id")?,
        day: date(row, "day")?,
        variance: decode::amount(row, "variance_micros")?,
        since: optional_date(row, "since")?,
        decision: Some(decisions::decision(row, "")?).filter(|decision| !decision.is_empty()),
        why: row.get::<_, Option<String>>("why")?.as_deref().map(Text::own),
    })
}

/// Where an event is in the order of events.
pub(super) fn moment(event: &Event) -> Moment {
    (to_ms(event.at), event.run_id)
}

/// The latest judgement by an answer of other runs, of this run's orders after the first up to the
/// second of these. Only runs that were answered since this run's first answer are looked at:
/// mostly none.
pub(super) fn latest_elsewhere(
    connection: &Connection,
    others: &[i64],
    (after, last): (i64, i64),
) -> rusqlite::Result<HashMap<i64, Moment>> {
    let mut latest: HashMap<i64, Moment> = HashMap::new();
    for other in others {
        let mut statement = connection.prepare_cached(concat!(
            "SELECT r.order_id AS order_id, ",
            event_ms!(),
            " AS at_ms
                 FROM runs u CROSS JOIN run_orders r ON r.run_id = u.run_id
                 WHERE u.run_id = ?1 AND r.order_id > ?2 AND r.order_id <= ?3
                   AND r.answered_at_ms IS NOT NULL AND r.outcome <> ?4"
        ))?;
        // An answer that came after the run was judged has not been judged yet.
        let unjudged = Outcome::Unverified.number();
        let mut rows = statement.query([*other, after, last, unjudged])?;
        while let Some(row) = rows.next()? {
            let moment = (row.get("at_ms")?, *other);
            let known = latest.entry(row.get("order_id")?).or_insert(moment);
            *known = moment.max(*known);
        }
    }
    Ok(latest)
}

/// Other judged runs that were answered at or after this time.
pub(super) fn runs_answered_since(
    connection: &Connection,
    run_id: i64,
    at_ms: i64,
) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "SELECT run_id FROM runs
             WHERE judged_at_ms IS NOT NULL AND run_id <> ?1
               AND max(last_answered_at_ms, coalesce(clock_floor_ms, 0)) >= ?2
             ORDER BY run_id",
        )?
        .query_map([run_id, at_ms], |row| row.get("run_id"))?
        .collect()
}

/// Replaces events of an order by others, and brings what is open up to date.
pub(super) fn replace(
    connection: &Connection,
    order_id: i64,
    old: &[Event],
    new: &[Event],
) -> rusqlite::Result<()> {
    for event in old {
        connection
            .prepare_cached(
                "DELETE FROM mismatch_events
                 WHERE order_id = ?1 AND kind = ?2 AND at_ms = ?3 AND run_id = ?4",
            )?
            .execute(params![order_id, event.kind.as_str(), to_ms(event.at), event.run_id])?;
    }
    for event in new {
        let decision = Stored::from(event.decision.as_ref());
        connection
            .prepare_cached(
                "INSERT INTO mismatch_events (order_id, kind, at_ms, run_id, event, day,
                     variance_micros, since, verdict, until, owner, note, why)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                order_id,
                event.kind.as_str(),
                to_ms(event.at),
                event.run_id,
                event.event.as_str(),
                event.day.to_string(),
                event.variance.map(Amount::micros),
                event.since.map(|since| since.to_string()),
                decision.verdict,
                decision.until,
                decision.owner,
                decision.note,
                event.why.as_ref().map(Text::as_str),
            ])?;
    }
    for event in old.iter().chain(new) {
        index(connection, order_id, event.kind)?;
    }
    Ok(())
}

/// Notes whether a mismatch is open now, as its last event says.
fn index(connection: &Connection, order_id: i64, kind: Kind) -> rusqlite::Result<()> {
    let kind = kind.as_str();
    connection
        .prepare_cached("DELETE FROM open_now WHERE order_id = ?1 AND kind = ?2")?
        .execute(params![order_id, kind])?;
    connection
        .prepare_cached(
            "INSERT INTO open_now (order_id, kind)
             SELECT ?1, ?2
             FROM (SELECT event FROM mismatch_events WHERE order_id = ?1 AND kind = ?2
                   ORDER BY at_ms DESC, run_id DESC LIMIT 1)
             WHERE event <> ?3",
        )?
        .execute(params![order_id, kind, EventKind::Resolved.as_str()])?;
    Ok(())
}
