//! `decide`: finance's decisions, from edited files or entered one by one; and their list.

use super::output::{JsonHead, print, table};
use super::{Process, settings};
use crate::cli::{Common, Decide, ListFormat, Said};
use crate::domain::decision::{Change, DecisionEvent, Edit, Verdict};
use crate::domain::mismatch::Kind;
use crate::domain::run::Warning;
use crate::domain::text::{Text, one_line};
use crate::failure::Failure;
use crate::reconcile::deciding::{
    Decided, Desk, TakenBack, confirm_proposal, enter, in_words, take_back,
};
use crate::settings::{Flags, Settings};
use crate::store::{DecisionFilter, Store};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

pub(super) fn execute(
    arguments: &Decide,
    common: &Common,
    process: &Process,
) -> Result<u8, Failure> {
    let now = (process.now)();
    let head = JsonHead::new("decide", now);
    let settings = settings(common, Flags::default(), process)?;
    if arguments.list {
        return list(arguments, &settings, &head);
    }
    let path = &settings.store.path;
    if path.symlink_metadata().is_err() {
        // Reading says what is missing; opening to write would make a new database.
        Store::open_to_read(path)?;
    }
    let mut store = Store::open(path, now)?;
    let desk = Desk {
        policy: &settings.policy,
        today: now.with_timezone(&settings.policy.zone).date_naive(),
        now,
        taken_by_run: None,
        system_user: system_user(),
    };
    let taken = taken(arguments, &mut store, &desk)?;
    // Who decides by command knows what leaves the sums.
    let warning = taken.many_accepted(&desk).filter(|_| !arguments.files.is_empty());
    if arguments.format == ListFormat::Json {
        print(&head.object(&object(&taken, warning.as_ref()).to_string()))?;
    } else {
        print(&text(&taken))?;
    }
    if let Some(warning) = warning {
        tracing::warn!(code = warning.code, "{}", warning.text);
    }
    let is_refused = taken.decided.iter().any(Decided::is_refused)
        || !taken.unreadable.is_empty()
        || !taken.foreign.is_empty();
    Ok(u8::from(is_refused))
}

fn taken(arguments: &Decide, store: &mut Store, desk: &Desk) -> Result<TakenBack, Failure> {
    let by = arguments.by.as_deref().unwrap_or_default();
    if let Some(mismatch_id) = &arguments.confirm {
        let decided = vec![confirm_proposal(store, desk, mismatch_id, by)?];
        return Ok(TakenBack { decided, ..TakenBack::default() });
    }
    let (Some(order), Some(kind)) = (&arguments.order, arguments.kind) else {
        return take_back(store, desk, &arguments.files);
    };
    if Text::own(by).as_str().trim().is_empty() {
        return Err(Failure::usage("--by is empty", "name the person who decides"));
    }
    let edit = Edit {
        verdict: arguments.decision.map(|Said(verdict)| match verdict {
            Some(verdict) => Change::Set(verdict),
            None => Change::Withdrawn,
        }),
        until: arguments.until.map(Change::Set),
        owner: arguments.owner.as_deref().map(Text::own),
        note: arguments.note.as_deref().map(Text::own),
    };
    if edit == Edit::default() {
        return Err(Failure::usage(
            "nothing is decided",
            "give --decision, --until, --owner or --note",
        ));
    }
    let decided = enter(store, desk, (order, kind), edit, by)?.into_iter().collect();
    Ok(TakenBack { decided, ..TakenBack::default() })
}

/// The operating system's user. Where it has no name, its number.
pub(crate) fn system_user() -> Text {
    let name = uzers::get_current_username().map(|name| name.to_string_lossy().into_owned());
    Text::own(&name.unwrap_or_else(|| format!("uid {}", uzers::get_current_uid())))
}

fn text(taken: &TakenBack) -> String {
    let mut lines: Vec<String> = taken.decided.iter().map(line).collect();
    lines.extend(taken.unreadable.iter().map(|why| format!("not read     {why}")));
    let foreign = taken.foreign.iter();
    lines.extend(foreign.map(|name| format!("not read     {name}: it has no mismatch of ours")));
    let refused = taken.decided.iter().filter(|decided| decided.is_refused()).count();
    if lines.is_empty() {
        return "Nothing to take: what is said there is said already.".to_owned();
    }
    lines.push(String::new());
    lines.push(format!(
        "{} taken, {refused} refused. `report --current` writes the latest report with them.",
        taken.decided.len() - refused
    ));
    lines.join("\n")
}

/// "accepted     A-1 overdue: nothing -> accepted until 2026-12-01".
fn line(decided: &Decided) -> String {
    let decision = &decided.decision;
    let order = decided.key.as_ref().map(|key| one_line(&key.merchant_order_id));
    let kind = decision.about.map(|(_, kind)| kind.as_str());
    let about = [order.as_deref(), kind].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let place = match &decision.source {
        Some((file, row)) => format!("{file}, row {row}"),
        None => String::new(),
    };
    let at = [place, about].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(": ");
    if decided.is_refused() {
        return format!("refused      {at}: {}", decision.why);
    }
    let mut line = format!(
        "{:<13}{at}: {} -> {}",
        decision.event.as_str(),
        in_words(&decision.old),
        in_words(&decision.new)
    );
    if decision.new.verdict == Some(Verdict::Proposed)
        && decision.old.verdict != decision.new.verdict
    {
        line.push_str("; it is above the limit: somebody else confirms it with `decide --confirm ");
        line.push_str(decision.mismatch_id.as_str());
        line.push_str(" --by NAME`");
    }
    line
}

fn object(taken: &TakenBack, warning: Option<&Warning>) -> Value {
    let decision = |decided: &Decided| {
        let it = &decided.decision;
        json!({
            "event": it.event.as_str(),
            "merchant_order_id": decided.key.as_ref().map(|key| &key.merchant_order_id),
            "kind": it.about.map(|(_, kind)| kind.as_str()),
            "mismatch_id": it.mismatch_id.as_str(),
            "old": parts(&it.old),
            "new": parts(&it.new),
            "file": it.source.as_ref().map(|(file, _)| file.as_str()),
            "row": it.source.as_ref().map(|(_, row)| row),
            "why": Some(it.why.as_str()).filter(|why| !why.is_empty()),
        })
    };
    json!({
        "decisions": taken.decided.iter().map(decision).collect::<Vec<_>>(),
        "warnings": warning.as_slice(),
        "unreadable": taken.unreadable,
        "without_ids": taken.foreign.iter().map(Text::as_str).collect::<Vec<_>>(),
    })
}

fn parts(decision: &crate::domain::decision::Decision) -> Value {
    json!({
        "decision": decision.verdict.map(Verdict::as_str),
        "until": decision.until.map(|until| until.to_string()),
        "owner": decision.owner.as_str(),
        "note": decision.note.as_str(),
    })
}

const HEADINGS: [&str; 15] = [
    "taken_at",
    "event",
    "merchant_order_id",
    "kind",
    "mismatch_id",
    "run_id",
    "old",
    "new",
    "at_risk",
    "currency",
    "by",
    "system_user",
    "file",
    "row",
    "why",
];

fn list(arguments: &Decide, settings: &Settings, head: &JsonHead) -> Result<u8, Failure> {
    let store = Store::open_to_read(&settings.store.path)?;
    let zone = settings.policy.zone;
    let next = |day: NaiveDate| day.checked_add_days(Days::new(1));
    let filter = DecisionFilter {
        from: arguments.from.and_then(|day| start_of(day, zone)),
        before: arguments.to.and_then(next).and_then(|day| start_of(day, zone)),
        taken_by_run: None,
    };
    let mut events = Vec::new();
    store.decisions::<Failure>(filter, |event| {
        events.push(event.clone());
        Ok(())
    })?;
    match arguments.format {
        ListFormat::Text if events.is_empty() => print("No decisions yet.")?,
        ListFormat::Text => {
            let mut rows = vec![HEADINGS.map(str::to_owned).to_vec()];
            rows.extend(events.iter().map(cells));
            print(&table(&rows, &[5, 8, 13]))?;
        }
        ListFormat::Csv => print(csv(&events)?.trim_end())?,
        ListFormat::Json => {
            let listed: Vec<Value> = events.iter().map(listed).collect();
            print(&head.object(&json!({ "decisions": listed }).to_string()))?;
        }
    }
    Ok(0)
}

/// The first instant of a day in the ledger's time zone.
pub(super) fn start_of(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.and_hms_opt(0, 0, 0)?;
    let local = midnight.and_local_timezone(zone);
    // Where midnight does not exist, the day begins an hour later.
    let later = || (midnight + chrono::TimeDelta::hours(1)).and_local_timezone(zone).earliest();
    local.earliest().or_else(later).map(|at| at.with_timezone(&Utc))
}

fn cells(event: &DecisionEvent) -> Vec<String> {
    let (file, row) = match &event.source {
        Some((file, row)) => (file.to_string(), row.to_string()),
        None => (String::new(), String::new()),
    };
    let (at_risk, currency) = match &event.at_risk {
        Some((amount, currency)) => (amount.to_string(), currency.clone()),
        None => (String::new(), String::new()),
    };
    let order = event.key.as_ref().map(|key| one_line(&key.merchant_order_id));
    vec![
        event.taken_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        event.event.as_str().to_owned(),
        order.unwrap_or_default(),
        event.kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        event.mismatch_id.to_string(),
        event.about_run.map(|run| run.to_string()).unwrap_or_default(),
        in_words(&event.old),
        in_words(&event.new),
        at_risk,
        currency,
        event.by.to_string(),
        event.system_user.to_string(),
        file,
        row,
        event.why.to_string(),
    ]
}

fn csv(events: &[DecisionEvent]) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::bug(format!("the list: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADINGS).map_err(|error| failed(&error))?;
    for event in events {
        let guarded = cells(event).into_iter().map(|cell| {
            String::from_utf8_lossy(&crate::domain::guard::guarded(cell.as_bytes())).into_owned()
        });
        writer.write_record(guarded).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

/// A decision as an object.
pub(super) fn listed(event: &DecisionEvent) -> Value {
    json!({
        "decision_id": event.decision_id,
        "taken_at": event.taken_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "event": event.event.as_str(),
        "merchant_order_id": event.key.as_ref().map(|key| &key.merchant_order_id),
        "merchant_uid": event.key.as_ref().and_then(|key| key.merchant_uid.as_ref()),
        "kind": event.kind.map(Kind::as_str),
        "mismatch_id": event.mismatch_id.as_str(),
        "run_id": event.about_run,
        "old": parts(&event.old),
        "new": parts(&event.new),
        "at_risk": event.at_risk.as_ref().map(|(amount, _)| amount.to_string()),
        "currency": event.at_risk.as_ref().map(|(_, currency)| currency),
        "taken_by_run": event.taken_by_run,
        "by": event.by.as_str(),
        "system_user": event.system_user.as_str(),
        "file": event.source.as_ref().map(|(file, _)| file.as_str()),
        "row": event.source.as_ref().map(|(_, row)| row),
        "why": Some(event.why.as_str()).filter(|why| !why.is_empty()),
    })
}
