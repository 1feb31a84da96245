//! Nights to render.

mod large;

pub(super) use large::{incomplete, many};

use crate::domain::amount::{Amount, Total};
use crate::domain::decision::{Decision, DecisionEvent, DecisionEventKind, Verdict};
use crate::domain::mismatch::{Kind, Mismatch, NextStep, Outcome, ReportRow, State};
use crate::domain::money::{Bucket, Place};
use crate::domain::morning::{
    Before, Bridge, Cause, LedgerFile, Making, Measures, Night, OrderRow, SinceBefore, SolvedRow,
    TrendPoint,
};
use crate::domain::order::{CreatedAt, Entry, InvalidRow, LedgerStatus, OrderKey};
use crate::domain::payment::{AccountingStatus, NotifyStatus, Payment, PaymentStatus};
use crate::domain::payment::{AccountingType, TransactionType};
use crate::domain::run::{Figures, LedgerFigures, OrderFigures, RunSummary};
use crate::domain::run::{UnverifiedReason, Warning};
use crate::domain::text::Text;
use crate::report::formats::Part;
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::BTreeMap;

/// A night and what its report has.
pub(super) struct Example {
    pub(super) night: Night,
    pub(super) orders: Vec<OrderRow>,
    pub(super) causes: Vec<Cause>,
    pub(super) solved: Vec<SolvedRow>,
    pub(super) taken: Vec<DecisionEvent>,
    pub(super) invalid: Vec<InvalidRow>,
}

impl Example {
    /// The parts in their order.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let findings = self.orders.iter().flat_map(|order| &order.findings).map(Part::Finding);
        findings
            .chain(self.orders.iter().map(Part::Order))
            .chain(self.causes.iter().map(Part::Cause))
            .chain(self.solved.iter().map(Part::Solved))
            .chain(self.taken.iter().map(Part::Taken))
            .chain(self.invalid.iter().map(Part::Invalid))
    }
}

pub(super) fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap_or_default()
}

fn total(text: &str) -> Total {
    Total::parse(text).unwrap_or_default()
}

pub(super) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_default()
}

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_default()
}

const DAY: &str = "2026-11-26";

/// A night without findings.
pub(super) fn clean() -> Example {
    let trend = (0..30).map(|back| point(29 - back, 20 + back * 7 % 25)).collect::<Vec<_>>();
    let figures = Figures {
        ledger: LedgerFigures { rows: 303, accepted: 300, repeated: 3, ..LedgerFigures::default() },
        orders: OrderFigures { selected: 300, matched: 300, ..OrderFigures::default() },
        days: BTreeMap::from([
            (date("2026-11-24"), 101),
            (date("2026-11-25"), 96),
            (date(DAY), 103),
        ]),
        ..Figures::default()
    };
    let night = Night {
        summary: RunSummary {
            run_id: 42,
            from: Some(date("2026-11-24")),
            to: Some(date(DAY)),
            day: date(DAY),
            figures,
            unverified_reasons: Vec::new(),
            oldest_reused: None,
            warnings: Vec::new(),
        },
        merchant_uid: Some("m-shop-17".to_owned()),
        zone: chrono_tz::Tz::Asia__Kolkata,
        started_at: instant("2026-11-26T20:35:00Z"),
        judged_at: instant("2026-11-26T21:10:00Z"),
        answered: Some((instant("2026-11-26T20:36:00Z"), instant("2026-11-26T21:09:00Z"))),
        base_url: "https://gateway.example/api".to_owned(),
        ledgers: vec![LedgerFile {
            name: Text::own("orders-2026-11-26.csv"),
            modified_at: Some(instant("2026-11-26T19:50:00Z")),
            sha256: Some("ab".repeat(32)),
        }],
        before: Some(Before { run_id: 41, day: date("2026-11-25"), ..Before::default() }),
        trend,
        measures: Measures {
            resolved: 310,
            resolved_without_decision: 287,
            median_days: Some(2),
            longest_days: Some(41),
            reopened: 4,
        },
        making: Making::default(),
        previous_manifest: None,
        rows_sha256: None,
    };
    let (orders, causes, solved) = (Vec::new(), Vec::new(), Vec::new());
    Example { night, orders, causes, solved, taken: Vec::new(), invalid: Vec::new() }
}

fn point(back: u64, with_findings: u64) -> TrendPoint {
    let units = i64::try_from(with_findings).unwrap_or_default() * 1437;
    TrendPoint {
        run_id: 42 - i64::try_from(back).unwrap_or_default(),
        day: date(DAY) - Days::new(back),
        selected: 300,
        matched: 300 - with_findings - 6,
        with_findings,
        unverified: back % 3,
        at_risk: BTreeMap::from([
            ("inr".to_owned(), Total::from_parts(units, 0)),
            ("usd".to_owned(), Total::from_parts(units / 90, 500_000)),
        ]),
        resolved: 0,
        reopened: 0,
    }
}

/// An order with one finding for each of these kinds.
pub(super) fn order(id: &str, kinds: &[Kind], bucket: Bucket, figure: &str) -> OrderRow {
    let key = OrderKey { merchant_uid: None, merchant_order_id: id.to_owned() };
    let day = date(DAY);
    let entry = Entry {
        key: key.clone(),
        amount: amount("12500.00"),
        currency: "inr".to_owned(),
        created_at: CreatedAt { ages_from: instant("2026-11-24T10:00:00Z"), date: day },
        transaction_type: None,
        accounting_type: Some(AccountingType::Receive),
        status: Some(LedgerStatus::Paid),
        conflict: None,
        conflict_amounts: None,
        duplicate: None,
    };
    let payment = (bucket != Bucket::Unverified).then(|| Payment {
        amount: amount("12500.00"),
        final_amount: Some(amount("12250.00")),
        currency: Some("INR".to_owned()),
        transaction_type: Some(TransactionType::Income),
        accounting_type: Some(AccountingType::Recharge),
        payment_status: Some(PaymentStatus::Completed),
        payment_fail_reason: None,
        accounting_status: AccountingStatus::Accounted,
        accounting_fail_reason: None,
        notify_status: NotifyStatus::Completed,
        notify_fail_reason: None,
        payment_uid: Some(format!("pay_{id}")),
        channel: Some("upi".to_owned()),
    });
    let finding = |kind: &Kind| ReportRow {
        run_id: 42,
        mismatch: Mismatch {
            kind: *kind,
            severity: kind.usual_severity(),
            variance: None,
            at_risk: amount(figure),
            currency: "inr".to_owned(),
            reason: Text::own(
                "The gateway settled 12250.00 of 12500.00 inr: 250.00 short (2.00 %).",
            ),
        },
        state: State::New,
        key: key.clone(),
        entry: Some(entry.clone()),
        payment: payment.clone(),
        first_seen: day,
        open_days: 0,
        last_verified: Some(instant("2026-11-26T21:00:00Z")),
        mismatch_id: format!("m-{id}-{kind}").replace(|it: char| !it.is_ascii_alphanumeric(), "-"),
        decision: Decision::default(),
    };
    let findings: Vec<ReportRow> = kinds.iter().map(finding).collect();
    let first = findings.first();
    OrderRow {
        severity: first.map(|it| it.mismatch.severity),
        state: State::New,
        next_step: first.map_or(NextStep::Operator, ReportRow::next_step),
        place: Place { bucket, amount: amount(figure), currency: "inr".to_owned() },
        transaction_type: "income".to_owned(),
        open_days: 0,
        due: None,
        key,
        entry: Some(entry),
        payment,
        findings,
    }
}

fn said(verdict: Verdict, owner: &str, note: &str) -> Decision {
    let until = Some(date("2026-12-03"));
    Decision { verdict: Some(verdict), until, owner: Text::own(owner), note: Text::own(note) }
}

/// Twelve orders with everything that a page can show.
pub(super) fn small() -> Example {
    let mut example = clean();
    let figures = &mut example.night.summary.figures;
    figures.orders = OrderFigures {
        selected: 300,
        reused: 0,
        matched: 280,
        in_transit: 8,
        mismatched: 12,
        unverified: 0,
    };
    figures.ledger = LedgerFigures {
        rows: 307,
        accepted: 300,
        invalid: 2,
        repeated: 3,
        superseded: 1,
        skipped: 1,
        changed: 1,
    };
    figures.open_elsewhere = 2;
    example.night.summary.warnings =
        vec![Warning::new("clock", "The gateway's clock is 41 s ahead of this machine's.")];
    example.orders = small_orders();
    example.night.before = Some(small_before());
    example.causes = vec![Cause {
        what: Text::own("settled 2.00 % short, channel upi"),
        orders: 6,
        sums: BTreeMap::from([("inr".to_owned(), total("50450.00"))]),
        examples: vec!["20261126000000000017".to_owned(), "A-1002".to_owned()],
    }];
    if let Some(last) = example.night.trend.last_mut() {
        (last.with_findings, last.matched, last.unverified) = (11, 280, 0);
        let sums = [("inr", "58458.00"), ("usd", "120.50")];
        last.at_risk = sums.map(|(currency, sum)| (currency.to_owned(), total(sum))).into();
    }
    example.solved = vec![SolvedRow {
        key: OrderKey { merchant_uid: None, merchant_order_id: "S-1".to_owned() },
        outcome: Outcome::Matched,
        kinds: vec![Kind::AccountingPending],
        place: place(Bucket::InDoubt, "1440.00"),
        first_seen: date("2026-11-23"),
        open_days: 3,
        decision: said(Verdict::WithGateway, "Priya", "ticket 4711"),
    }];
    example.taken = taken();
    example.invalid = [(17, "amount: it is empty"), (90, "amount: it is empty")]
        .map(|(line, reason)| InvalidRow {
            file: "orders-2026-11-26.csv".to_owned(),
            line,
            reason: reason.to_owned(),
            raw: b"A-9,,Jane Doe,secret".to_vec(),
        })
        .to_vec();
    example
}

fn place(bucket: Bucket, figure: &str) -> Place {
    Place { bucket, amount: amount(figure), currency: "inr".to_owned() }
}

fn small_orders() -> Vec<OrderRow> {
    use Kind::{AccountingFailed, FinalAmountDifference, LedgerAmountDifference, NotifyFailed};
    let mut orders = vec![
        order(
            "20261126000000000017",
            &[FinalAmountDifference, AccountingFailed],
            Bucket::AgainstUs,
            "40000.00",
        ),
        order("A-1002", &[FinalAmountDifference], Bucket::AgainstUs, "10000.00"),
        order("A-1003", &[LedgerAmountDifference], Bucket::InOurFavour, "4000.00"),
        order("A-1004", &[Kind::MissingAtGateway], Bucket::InDoubt, "3000.00"),
        order(
            "A-1005",
            &[Kind::StatusDifference, LedgerAmountDifference, NotifyFailed],
            Bucket::InDoubt,
            "1000.00",
        ),
    ];
    for (id, figure) in
        [("A-1006", "250.00"), ("A-1007", "150.00"), ("A-1008", "50.00"), ("A-1009", "8.00")]
    {
        orders.push(order(id, &[FinalAmountDifference], Bucket::AgainstUs, figure));
    }
    let mut dollars = order("U-1 <b>&", &[Kind::CurrencyDifference], Bucket::InDoubt, "120.50");
    dollars.place.currency = "usd".to_owned();
    orders.push(dollars);
    orders.push(order("A-1011", &[NotifyFailed], Bucket::Information, "0"));
    for (index, days) in [(1, 1), (2, 3), (3, 6), (4, 21), (5, 45)] {
        orders[index].open_days = days;
        orders[index].state = State::Open;
        orders[index].due = Some(date("2026-11-24"));
    }
    orders[0].due = Some(date("2026-11-28"));
    orders[1].findings[0].decision = said(Verdict::WithGateway, "Priya", "ticket 4712");
    orders[3].state = State::Reopened;
    let mut accepted = order("A-1012", &[FinalAmountDifference], Bucket::Accepted, "75.00");
    accepted.findings[0].decision = said(Verdict::Accepted, "Ravi", "known fee");
    accepted.severity = None;
    orders.push(accepted);
    orders
}

fn small_before() -> Before {
    let inr = Bridge {
        before: total("19475.00"),
        new: total("40408.00"),
        back: total("3000.00"),
        changed: total("-2910.00"),
        solved: total("1440.00"),
        accepted: total("75.00"),
        not_in_run: total("0"),
        now: total("58458.00"),
    };
    let usd = Bridge { new: total("120.50"), now: total("120.50"), ..Bridge::default() };
    Before {
        run_id: 41,
        day: date("2026-11-25"),
        bridge: BTreeMap::from([("inr".to_owned(), inr), ("usd".to_owned(), usd)]),
        orders: SinceBefore {
            new: 5,
            back: 1,
            worse: 1,
            unchanged: 4,
            solved: 1,
            accepted: 1,
            not_in_run: 0,
        },
    }
}

fn taken() -> Vec<DecisionEvent> {
    let accepted = DecisionEvent {
        decision_id: 7,
        event: DecisionEventKind::Accepted,
        key: Some(OrderKey { merchant_uid: None, merchant_order_id: "A-1012".to_owned() }),
        kind: Some(Kind::FinalAmountDifference),
        mismatch_id: Text::own("m-A-1012"),
        about_run: Some(41),
        old: Decision::default(),
        new: said(Verdict::Accepted, "Ravi", "known fee"),
        at_risk: Some((amount("75.00"), "inr".to_owned())),
        taken_at: instant("2026-11-26T20:35:10Z"),
        taken_by_run: Some(42),
        by: Text::own("ravi"),
        rests_at: None,
        system_user: Text::own("recon"),
        source: Some((Text::own("mismatches-run41.xlsx"), 9)),
        why: Text::default(),
    };
    let refused = DecisionEvent {
        decision_id: 8,
        event: DecisionEventKind::Refused,
        key: None,
        kind: None,
        mismatch_id: Text::own("2.0E+19"),
        why: Text::own("The mismatch_id is damaged: a spreadsheet made a number of it."),
        ..accepted.clone()
    };
    vec![accepted, refused]
}
