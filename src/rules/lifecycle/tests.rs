//! The table of events and states, and what decisions do to a life.

#![expect(clippy::expect_used, reason = "a mismatch that was opened is known")]

use super::*;
use crate::domain::decision::Verdict;
use crate::domain::mismatch::EventKind::{Changed, Lapsed, Opened, Reopened, Resolved};
use crate::domain::text::Text;
use chrono::{DateTime, Days};

fn day(number: u64) -> NaiveDate {
    NaiveDate::default() + Days::new(number)
}

fn units(units: i64) -> Amount {
    Amount::from_micros(units * 1_000_000)
}

#[test]
fn the_table_of_events_and_states() {
    let open = Known { variance: Some(units(-10)), ..opened(1) };
    let resolved = Known { is_open: false, ..open.clone() };
    let (same, other) = (Seen::Found(Some(units(-10))), Seen::Found(Some(units(-20))));
    let found_none = Seen::Found(None);
    for (before, seen, recorded, reported) in [
        (None, same, Some(Opened), Some(State::New)),
        (None, Seen::NotFound, None, None),
        (None, Seen::Unknown, None, None),
        (Some(&open), same, None, Some(State::Open)),
        (Some(&open), other, Some(Changed), Some(State::Changed)),
        (Some(&open), found_none, Some(Changed), Some(State::Changed)),
        (Some(&open), Seen::NotFound, Some(Resolved), None),
        (Some(&open), Seen::Unknown, None, None),
        (Some(&resolved), same, Some(Reopened), Some(State::Reopened)),
        (Some(&resolved), other, Some(Reopened), Some(State::Reopened)),
        (Some(&resolved), Seen::NotFound, None, None),
        (Some(&resolved), Seen::Unknown, None, None),
    ] {
        assert_eq!(event(before, seen, false), recorded, "{before:?} {seen:?}");
        if let (Seen::Found(variance), Some(reported)) = (seen, reported) {
            assert_eq!(state(before, variance, false, day(2)), reported, "{before:?}");
            assert_eq!(state(before, variance, false, day(1)), State::New, "{before:?}");
        }
    }
}

#[test]
fn a_lapse_is_an_event_of_its_own_and_shows_as_a_change() {
    let open = Known { variance: Some(units(-10)), ..opened(1) };
    let resolved = Known { is_open: false, ..open.clone() };
    let same = Seen::Found(Some(units(-10)));
    for (before, seen, recorded) in [
        (&open, same, Some(Lapsed)),
        (&open, Seen::Found(None), Some(Lapsed)),
        (&open, Seen::Unknown, Some(Lapsed)),
        (&open, Seen::NotFound, Some(Resolved)),
        (&resolved, same, Some(Reopened)),
    ] {
        assert_eq!(event(Some(before), seen, true), recorded, "{seen:?}");
    }
    assert_eq!(state(Some(&open), Some(units(-10)), true, day(2)), State::Changed);
    assert_eq!(state(Some(&open), Some(units(-10)), true, day(1)), State::New);
}

fn opened(number: u64) -> Known {
    Known {
        first_seen: day(number),
        since: day(number),
        variance: None,
        is_open: true,
        decision: Decision::default(),
        basis: None,
        confirmed: None,
    }
}

fn event_at(number: u64, event: EventKind, kind: Kind, variance: Option<Amount>) -> Event {
    Event {
        kind,
        event,
        at: at(number),
        run_id: 1,
        day: day(number),
        variance,
        since: None,
        decision: None,
        why: None,
    }
}

fn at(number: u64) -> DateTime<chrono::Utc> {
    DateTime::UNIX_EPOCH + Days::new(number)
}

fn accepted(note: &str) -> Decision {
    let note = Text::own(note);
    Decision { verdict: Some(Verdict::Accepted), until: Some(day(9)), note, ..Decision::default() }
}

fn taken(number: u64, event: DecisionEventKind, decision: Decision, variance: i64) -> Taken {
    let basis = Basis { variance: Some(units(variance)), ..Basis::default() };
    let (kind, at) = (Kind::FinalAmountDifference, at(number));
    Taken {
        kind,
        at,
        run_id: 1,
        event,
        decision,
        basis,
        at_risk: Some(units(variance.abs())),
        by: Text::own("Asha"),
        is_by_file: false,
    }
}

#[test]
fn known_state_follows_from_the_events() {
    let kind = Kind::FinalAmountDifference;
    let mut events = Vec::new();
    let mut add = |event, number, variance: Option<i64>| {
        events.push(event_at(number, event, kind, variance.map(units)));
        events.push(event_at(number, Opened, Kind::Overdue, None));
        known(&events, &[], kind)
    };
    let after =
        |variance, is_open| Some(Known { variance: Some(units(variance)), is_open, ..opened(1) });
    assert_eq!(add(Opened, 1, Some(-10)), after(-10, true));
    assert_eq!(add(Changed, 2, Some(-20)), after(-20, true));
    assert_eq!(add(Resolved, 3, None), after(-20, false));
    assert_eq!(add(Reopened, 4, Some(-5)), after(-5, true));
    assert_eq!(known(&events, &[], Kind::NotifyFailed), None);
}

#[test]
fn a_decision_stays_until_somebody_changes_it_or_the_mismatch_ends() {
    let kind = Kind::FinalAmountDifference;
    let mut events = vec![event_at(1, Opened, kind, Some(units(-10)))];
    let mut decisions = vec![taken(1, DecisionEventKind::Accepted, accepted("known"), -10)];
    let now = |events: &[Event], decisions: &[Taken]| known(events, decisions, kind);
    let state = now(&events, &decisions).expect("it was opened");
    assert_eq!(state.decision, accepted("known"));
    assert_eq!(state.basis.and_then(|basis| basis.variance), Some(units(-10)));

    events.push(event_at(2, Changed, kind, Some(units(-8))));
    decisions.push(taken(2, DecisionEventKind::Decided, accepted("still known"), -8));
    let state = now(&events, &decisions).expect("it is open");
    assert_eq!(state.decision.note.as_str(), "still known");
    let basis = state.basis.and_then(|basis| basis.variance);
    assert_eq!(basis, Some(units(-10)), "another note is no new look at the figures");

    events.push(event_at(3, Lapsed, kind, Some(units(-30))));
    let state = now(&events, &decisions).expect("it is open");
    assert_eq!((state.decision.verdict, state.decision.until), (None, None));
    assert_eq!(state.decision.note.as_str(), "still known");
    assert_eq!((state.basis, state.variance), (None, Some(units(-30))));

    decisions.push(taken(3, DecisionEventKind::Accepted, accepted("again"), -30));
    events.push(event_at(4, Resolved, kind, None));
    let state = now(&events, &decisions).expect("it was opened");
    assert!(!state.decision.is_accepted() && !state.is_open);
    assert_eq!(state.decision.note.as_str(), "again", "the last note is kept for a return");

    decisions.push(taken(4, DecisionEventKind::Accepted, accepted("too late"), -30));
    assert_eq!(now(&events, &decisions), Some(state), "it had ended");
}

#[test]
fn what_ends_an_acceptance() {
    let then = Basis {
        variance: Some(units(-10)),
        currency: "inr".to_owned(),
        payment_status: "completed".to_owned(),
        ledger_status: "paid".to_owned(),
        accounting_status: "delivered".to_owned(),
        notify_status: "none".to_owned(),
    };
    let known = Known { decision: accepted("known"), basis: Some(then.clone()), ..opened(1) };
    let kind = Kind::FinalAmountDifference;
    let limits = Limits::from([("inr".to_owned(), units(10))]);
    let lapsed = |kind, known: &Known, basis: &Basis, number, at_risk| {
        let at_risk = (units(at_risk), "inr");
        lapse(kind, known, Now { day: day(number), basis: Some(basis), at_risk }, &limits)
    };
    let with = |change: fn(&mut Basis)| {
        let mut basis = then.clone();
        change(&mut basis);
        basis
    };
    assert_eq!(lapsed(kind, &known, &then, 9, 10), None);
    let is_lapsed = |kind, basis: Basis| lapsed(kind, &known, &basis, 2, 10).is_some();
    for (basis, of_money, of_accounting, of_notify) in [
        (with(|it| it.variance = Some(units(-9))), false, false, false),
        (with(|it| it.variance = Some(units(-11))), true, true, true),
        (with(|it| it.variance = Some(units(9))), true, true, true),
        (with(|it| it.variance = None), true, true, true),
        (with(|it| it.currency = "usd".to_owned()), true, true, true),
        (with(|it| it.payment_status = "refund".to_owned()), true, true, true),
        (with(|it| it.ledger_status = "failed".to_owned()), true, true, true),
        (with(|it| it.accounting_status = "accounted".to_owned()), false, true, false),
        (with(|it| it.accounting_status = "failed".to_owned()), true, true, true),
        (with(|it| it.notify_status = "failed".to_owned()), false, false, true),
    ] {
        assert_eq!(is_lapsed(kind, basis.clone()), of_money, "{basis:?}");
        assert_eq!(is_lapsed(Kind::AccountingPending, basis.clone()), of_accounting, "{basis:?}");
        assert_eq!(is_lapsed(Kind::NotifyFailed, basis.clone()), of_notify, "{basis:?}");
    }
    let why = lapsed(kind, &known, &with(|it| it.variance = Some(units(-11))), 2, 11);
    assert_eq!(
        why.as_deref(),
        Some("The acceptance lapsed: the variance was -10.00, it is -11.00.")
    );
    let why = lapsed(kind, &known, &then, 10, 10);
    assert_eq!(why.as_deref(), Some("The acceptance lapsed: it was until 1970-01-10."));
    assert!(lapsed(kind, &known, &then, 2, 11).is_some(), "above the limit");
    let confirmed = Known { confirmed: Some(units(11)), ..known.clone() };
    assert_eq!(lapsed(kind, &confirmed, &then, 2, 11), None, "two people have accepted it");
    assert_eq!(
        lapsed(kind, &confirmed, &then, 2, 12).as_deref(),
        Some("The acceptance lapsed: 12.00 inr is more than the 11.00 that were confirmed.")
    );
    let of_unverified = |basis: Basis| is_lapsed(Kind::Unverified, basis);
    assert!(of_unverified(with(|it| it.ledger_status = "failed".to_owned())));
    assert!(of_unverified(with(|it| it.currency = "usd".to_owned())));
    assert!(
        !of_unverified(with(|it| it.payment_status = "refund".to_owned())),
        "no answer says it"
    );
    let unanswered = Now { day: day(2), basis: None, at_risk: (units(10), "inr") };
    assert_eq!(lapse(kind, &known, unanswered, &limits), None);
    let resolved = Known { is_open: false, ..known };
    assert_eq!(lapsed(kind, &resolved, &then, 10, 10), None);
}

#[test]
fn a_new_finding_takes_over_everything_but_an_acceptance() {
    let with = |verdict, owner: &str| Known {
        decision: Decision { verdict, owner: Text::own(owner), ..Decision::default() },
        ..opened(1)
    };
    let (gateway, accepted) = (Some(Verdict::WithGateway), Some(Verdict::Accepted));
    let over = |known: &[Known]| taken_over(known.iter());
    assert_eq!(over(&[with(None, "")]), None);
    assert_eq!(over(&[with(accepted, "")]), None);
    assert_eq!(over(&[with(accepted, "Asha")]), Some(with(None, "Asha").decision));
    let first = over(&[with(None, ""), with(gateway, "Ravi"), with(None, "Asha")]);
    assert_eq!(first, Some(with(gateway, "Ravi").decision));
}

#[test]
fn a_change_of_owner_keeps_what_a_second_person_has_confirmed() {
    let kind = Kind::FinalAmountDifference;
    let events = [event_at(1, Opened, kind, Some(units(-10)))];
    let confirmed = |decisions: &[Taken]| {
        let state = known(&events, decisions, kind).expect("it was opened");
        (state.confirmed, state.basis.is_some())
    };
    let mut decisions = vec![
        taken(1, DecisionEventKind::Accepted, accepted("known"), -10),
        taken(2, DecisionEventKind::Confirmed, accepted("known"), -10),
    ];
    assert_eq!(confirmed(&decisions), (Some(units(10)), true));
    decisions.push(taken(3, DecisionEventKind::Decided, accepted("another note"), -10));
    assert_eq!(confirmed(&decisions), (Some(units(10)), true));
    decisions.push(taken(4, DecisionEventKind::Accepted, accepted("anew"), -10));
    assert_eq!(confirmed(&decisions), (None, true), "accepted anew, confirmed by nobody");
    decisions.push(taken(5, DecisionEventKind::Decided, Decision::default(), -10));
    assert_eq!(confirmed(&decisions), (None, false));
}

#[test]
fn an_acceptance_of_what_has_no_variance_lapses_when_it_gets_one() {
    let none = Basis { currency: "inr".to_owned(), ..Basis::default() };
    let some = Basis { variance: Some(units(1)), ..none.clone() };
    let known = Known { decision: accepted(""), basis: Some(none.clone()), ..opened(1) };
    let lapsed = |basis| {
        let now = Now { day: day(2), basis: Some(basis), at_risk: (units(1), "inr") };
        lapse(Kind::MissingAtGateway, &known, now, &Limits::new())
    };
    assert_eq!(lapsed(&none), None);
    let why = "The acceptance lapsed: the variance was none, it is 1.00.";
    assert_eq!(lapsed(&some).as_deref(), Some(why));
}
