//! Who may change what, until when, and what a night took: tables of edges.

use super::*;

fn day(number: u64) -> NaiveDate {
    NaiveDate::default() + Days::new(number)
}

fn units(units: i64) -> Amount {
    Amount::from_micros(units * 1_000_000)
}

fn basis() -> Basis {
    Basis { variance: Some(units(-10)), currency: "inr".to_owned(), ..Basis::default() }
}

fn open(decision: Decision) -> Known {
    Known {
        first_seen: day(1),
        since: day(1),
        variance: Some(units(-10)),
        is_open: true,
        decision,
        basis: None,
        confirmed: None,
    }
}

/// The ruling on an edit on day 10, of a report that said `written`. `since` was said later.
fn ruled_of(
    kind: Kind,
    edit: &Edit,
    written: &Decision,
    since: &[Decision],
    now_shows: &Basis,
) -> Ruling {
    let known = open(since.last().unwrap_or(written).clone());
    let since: Vec<&Decision> = since.iter().collect();
    decide(&Proposal {
        kind,
        edit,
        written,
        basis: &basis(),
        known: Some(&known),
        was_suspect: false,
        has_ended_since: false,
        since: &since,
        now: Now { day: day(10), basis: Some(now_shows), at_risk: (units(10), "inr") },
        limits: &Limits::new(),
    })
}

fn saying(verdict: Option<Verdict>, until: Option<u64>, owner: &str, note: &str) -> Decision {
    Decision { verdict, until: until.map(day), owner: Text::own(owner), note: Text::own(note) }
}

/// What is refused, by its first words; empty where it is taken.
fn refusal(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Refused(why) => why.split(" was changed").next().unwrap_or_default().to_owned(),
        Ruling::Nothing => "nothing".to_owned(),
        Ruling::Taken(..) => String::new(),
    }
}

#[test]
fn what_somebody_else_has_changed_is_not_overwritten() {
    let (gateway, correct) = (Some(Verdict::WithGateway), Some(Verdict::ToCorrect));
    let written = saying(gateway, Some(20), "Asha", "asked");
    let edits = [
        ("the decision", Edit { verdict: correct.map(Change::Set), ..Edit::default() }),
        ("until", Edit { until: Some(Change::Set(day(25))), ..Edit::default() }),
        ("the owner", Edit { owner: Some(Text::own("Ravi")), ..Edit::default() }),
        ("the note", Edit { note: Some(Text::own("called")), ..Edit::default() }),
    ];
    // What was said since, and the cells that no longer are the person's to change.
    for (since, refused) in [
        (vec![], vec![]),
        (vec![written.clone()], vec![]),
        (vec![saying(None, Some(20), "Asha", "asked")], vec!["the decision"]),
        (vec![saying(gateway, Some(21), "Asha", "asked")], vec!["until"]),
        (vec![saying(gateway, Some(20), "Meena", "asked")], vec!["the owner"]),
        (vec![saying(gateway, Some(20), "Asha", "waits")], vec!["the note"]),
        // It was changed, and is back at what the report said.
        (
            vec![saying(None, None, "Meena", "waits"), written.clone()],
            vec!["the decision", "until", "the owner", "the note"],
        ),
    ] {
        for (cell, edit) in &edits {
            let ruling = ruled_of(Kind::FinalAmountDifference, edit, &written, &since, &basis());
            let expected = if refused.contains(cell) { *cell } else { "" };
            assert_eq!(refusal(&ruling), expected, "{cell} {since:?}");
        }
    }
}

#[test]
fn the_same_change_by_two_people_is_no_conflict() {
    let written = saying(None, None, "", "");
    let since = [saying(Some(Verdict::ToCorrect), Some(20), "Ravi", "called")];
    let edit = Edit {
        verdict: Some(Change::Set(Verdict::ToCorrect)),
        until: Some(Change::Set(day(20))),
        owner: Some(Text::own("Ravi")),
        note: Some(Text::own("called")),
    };
    let kind = Kind::FinalAmountDifference;
    assert_eq!(ruled_of(kind, &edit, &written, &since, &basis()), Ruling::Nothing);
    let further = Edit { note: Some(Text::own("called twice")), ..edit };
    let edited = ruled_of(kind, &further, &written, &since, &basis());
    assert_eq!(refusal(&edited), "the note");
}

#[test]
fn an_order_without_an_answer_is_accepted_for_31_days_at_most() {
    let written = Decision::default();
    let accept = |until: Option<u64>| Edit {
        verdict: Some(Change::Set(Verdict::Accepted)),
        until: until.map(|until| Change::Set(day(until))),
        ..Edit::default()
    };
    for (until, of_unverified, of_others) in [
        (None, false, true),
        (Some(9), false, false),
        (Some(10), true, true),
        (Some(41), true, true),
        (Some(42), false, true),
    ] {
        for (kind, is_taken) in
            [(Kind::Unverified, of_unverified), (Kind::FinalAmountDifference, of_others)]
        {
            let ruling = ruled_of(kind, &accept(until), &written, &[], &basis());
            let taken = matches!(ruling, Ruling::Taken(DecisionEventKind::Accepted, _));
            assert_eq!(taken, is_taken, "{kind} {until:?} {ruling:?}");
        }
    }
    let with_gateway = Edit { verdict: Some(Change::Set(Verdict::WithGateway)), ..Edit::default() };
    let ruling = ruled_of(Kind::Unverified, &with_gateway, &written, &[], &basis());
    assert_eq!(refusal(&ruling), "", "only an acceptance needs a day");
}

#[test]
fn an_acceptance_of_what_has_changed_since_is_refused() {
    let edit = Edit { verdict: Some(Change::Set(Verdict::Accepted)), ..Edit::default() };
    let changed = Basis { variance: Some(units(-11)), ..basis() };
    // A date that is over does not matter: the acceptance brings its own.
    let written = saying(Some(Verdict::ToCorrect), Some(3), "", "");
    let renewed = Edit { until: Some(Change::Set(day(12))), ..edit.clone() };
    for (edit, written, now_shows, expected) in [
        (&edit, &Decision::default(), &basis(), ""),
        (
            &edit,
            &Decision::default(),
            &changed,
            "the mismatch has changed since that report was written. The acceptance lapsed: the \
             variance was -10.00, it is -11.00.",
        ),
        (&renewed, &written, &basis(), ""),
    ] {
        let ruling = ruled_of(Kind::FinalAmountDifference, edit, written, &[], now_shows);
        assert_eq!(refusal(&ruling), expected);
    }
}

#[test]
fn a_night_that_takes_much_out_of_the_sums_is_known() {
    let limits = Limits::from([("inr".to_owned(), units(10))]);
    let many = |count| vec![(units(0), "inr"); count];
    for (taken, expected) in [
        (vec![], false),
        (vec![(units(10), "inr")], false),
        (vec![(units(10), "inr"), (units(1), "usd")], false),
        (vec![(units(6), "inr"), (units(5), "inr")], true),
        (vec![(units(1_000), "usd")], false),
        (many(20), false),
        (many(21), true),
    ] {
        assert_eq!(is_much(&taken, &limits), expected, "{taken:?}");
    }
}
