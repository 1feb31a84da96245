//! Random orders that reach every sentence of the contract: amounts are equal or nearly equal, and
//! ages are at a limit or one millisecond from it, in plain hours or in
//! the hours of bank days.

use super::order::{FeeTerms, Order, Terms, UNLISTED, now};
use proptest::prelude::*;
use proptest::sample::select;

const AMOUNTS: [i64; 8] =
    [0, 1, 290_000, 490_000_000, 499_950_000, 500_000_000, 500_000_001, 999_999_999_999_999_999];

const KINDS: [&str; 16] = [
    "final_amount_difference",
    "final_amount_missing",
    "accounting_failed",
    "overdue",
    "ledger_amount_difference",
    "currency_difference",
    "status_difference",
    "missing_at_gateway",
    "duplicate_payment",
    "ledger_conflict",
    "ledger_duplicate",
    "type_difference",
    "accounting_pending",
    "pending_too_long",
    "unknown_status",
    "notify_failed",
];

/// Any order.
pub fn orders() -> impl Strategy<Value = Order> {
    (ledger(), answer(), money(), terms(), (age(), age())).prop_map(
        |(ledger, answer, (ledger_amount, amount, final_amount), terms, (age, status_age))| {
            let age_ms = age.in_ms(&terms);
            let final_amount = final_amount.in_micros(ledger_amount, amount, &terms);
            let (ledger_transaction_type, ledger_accounting_type, ledger_status, doubts) = ledger;
            let ((asked, earlier_answer), currency, types, statuses, (shared, noisy)) = answer;
            let order = Order {
                ledger_amount,
                ledger_currency: "inr",
                ledger_transaction_type,
                ledger_accounting_type,
                ledger_status,
                conflict: doubts.0,
                duplicate: doubts.1,
                status_since_ms: status_age.of_status_in_ms(&terms),
                age_ms,
                now_ms: now().timestamp_millis(),
                asked,
                earlier_answer,
                amount,
                final_amount,
                currency,
                transaction_type: types.0,
                accounting_type: types.1,
                payment_status: statuses.0,
                accounting_status: statuses.1,
                notify_status: statuses.2,
                fail_reason: if noisy { UNLISTED } else { "" },
                shared,
                terms,
            };
            if age.in_bank_time { order.aged_in_bank_time() } else { order }
        },
    )
}

type Words3 = (&'static str, &'static str, &'static str);

fn ledger() -> impl Strategy<Value = (&'static str, &'static str, &'static str, (bool, bool))> {
    (
        transaction_type(),
        accounting_type(),
        prop_oneof![
            11 => select(&["", "paid", "pending", "failed", "refunded", "part_refunded"][..]),
            1 => Just(UNLISTED),
        ],
        (rarely(), rarely()),
    )
}

type Words2 = (&'static str, &'static str);
type Answer = (Words2, &'static str, Words2, Words3, (bool, bool));

fn answer() -> impl Strategy<Value = Answer> {
    (
        (
            prop_oneof![8 => Just("payment"), 1 => Just("missing"), 1 => Just("unverified")],
            select(&["none", "same", "other"][..]),
        ),
        prop_oneof![6 => Just("inr"), 2 => Just("INR"), 1 => Just(""), 1 => Just("usd")],
        (transaction_type(), accounting_type()),
        (payment_status(), accounting_status(), notify_status()),
        (rarely(), any::<bool>()),
    )
}

fn transaction_type() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("income"), 2 => Just("expense"), 3 => Just(""), 1 => Just(UNLISTED)]
}

fn accounting_type() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        5 => Just(""),
        3 => select(&["receive", "receipt"][..]),
        1 => select(&["recharge", "settle", "settlement", "pay", "payment", UNLISTED][..]),
    ]
}

fn payment_status() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => Just("completed"),
        5 => select(&["none", "pending", "preparing", "processing"][..]),
        6 => select(&["failed", "reject", "refund", "overdue"][..]),
        1 => select(&["", UNLISTED, "Completed"][..]),
    ]
}

fn accounting_status() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => Just("accounted"),
        3 => select(&["", "none", "delivered"][..]),
        1 => select(&["failed", UNLISTED][..]),
    ]
}

fn notify_status() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => select(&["", "none", "delivered", "completed"][..]),
        1 => select(&["failed", UNLISTED][..]),
    ]
}

fn rarely() -> impl Strategy<Value = bool> {
    proptest::bool::weighted(0.06)
}

/// How the final amount relates to the other amounts.
#[derive(Debug, Clone, Copy)]
enum Final {
    Absent,
    Some(i64),
    SameAsLedger,
    /// The amount, minus the fee if `less_fee`, and `offset` beyond the tolerance.
    Expected {
        less_fee: bool,
        offset: i64,
    },
}

impl Final {
    fn in_micros(self, ledger_amount: i64, amount: i64, terms: &Terms) -> Option<i64> {
        match self {
            Final::Absent => None,
            Final::Some(micros) => Some(micros),
            Final::SameAsLedger => Some(ledger_amount),
            Final::Expected { less_fee, offset } => {
                let fee = terms.fees.first().filter(|_| less_fee).map_or(0, |fee| {
                    let part = i128::from(amount) * i128::from(fee.percent) / 100_000_000;
                    i64::try_from(part).unwrap_or(0) / 10_000 * 10_000 + fee.fixed
                });
                let tolerated = terms.final_tolerance.map_or(0, |(_, most)| most);
                let offset = offset.signum() * tolerated + offset;
                Some((amount - fee + offset).clamp(0, 999_999_999_999_999_999))
            }
        }
    }
}

fn money() -> impl Strategy<Value = (i64, i64, Final)> {
    let final_amount = prop_oneof![
        1 => Just(Final::Absent),
        1 => Just(Final::Some(0)),
        1 => select(&AMOUNTS[..]).prop_map(Final::Some),
        2 => Just(Final::SameAsLedger),
        6 => (any::<bool>(), select(&[0, 0, 0, 1, -1][..]))
            .prop_map(|(less_fee, offset)| Final::Expected { less_fee, offset }),
    ];
    let amounts = (select(&AMOUNTS[..]), select(&AMOUNTS[..]), 0..10_u8).prop_map(
        |(ledger, gateway, choice)| match choice {
            0..=5 => (ledger, ledger),
            6 => (ledger, (ledger + 50_000).min(999_999_999_999_999_999)),
            7 => (ledger, (ledger + 50_001).min(999_999_999_999_999_999)),
            _ => (ledger, gateway),
        },
    );
    (amounts, final_amount).prop_map(|((ledger, gateway), last)| (ledger, gateway, last))
}

/// An age, as an offset from a limit.
#[derive(Debug, Clone, Copy)]
struct Age {
    limit: u8,
    offset_ms: i64,
    /// Whether the hours of closed days are added.
    in_bank_time: bool,
}

impl Age {
    fn in_ms(self, terms: &Terms) -> i64 {
        let limit_ms = match self.limit {
            0 => terms.settle_within_hours * 3_600_000,
            1 => terms.account_within_hours * 3_600_000,
            2 => terms.ledger_lag_hours * 3_600_000,
            3 => terms.appear_within_minutes * 60_000,
            4 => 30 * 86_400_000,
            _ => 0,
        };
        limit_ms + self.offset_ms
    }

    fn of_status_in_ms(self, terms: &Terms) -> i64 {
        let limit_ms = if self.limit < 4 { terms.refund_within_hours * 3_600_000 } else { 0 };
        (limit_ms + self.offset_ms).max(0)
    }
}

fn age() -> impl Strategy<Value = Age> {
    (0..6_u8, select(&[-3_600_000, -1, 0, 1, 3_600_000][..]), any::<bool>())
        .prop_map(|(limit, offset_ms, in_bank_time)| Age { limit, offset_ms, in_bank_time })
}

fn terms() -> impl Strategy<Value = Terms> {
    let hours = || prop_oneof![3 => Just(24_i64), 1 => select(&[0_i64, 1, 72][..])];
    let tolerance = || {
        prop_oneof![
            3 => Just(None),
            1 => Just(Some(("INR", 50_000))),
            1 => Just(Some(("inr", 10_000_000))),
            1 => Just(Some(("usd", 10_000_000))),
        ]
    };
    (
        (
            (hours(), hours(), hours()),
            select(&[168_i64, 168, 0, 24][..]),
            select(&[60_i64, 60, 60, 0, 1, 1500][..]),
        ),
        (any::<bool>(), select(&["status", "status", "payout"][..]), unpaid_carts()),
        prop_oneof![
            3 => Just(Vec::new()),
            1 => proptest::sample::subsequence(&KINDS[..], 0..=KINDS.len()),
        ],
        (tolerance(), tolerance()),
        fees(),
        calendar(),
    )
        .prop_map(
            |(times, (closed_means_unpaid, refunds, carts), ignore, tolerance, fees, days)| {
                let (hours, refund_within_hours, appear_within_minutes) = times;
                Terms {
                    settle_within_hours: hours.0,
                    account_within_hours: hours.1,
                    ledger_lag_hours: hours.2,
                    refund_within_hours,
                    appear_within_minutes,
                    closed_means_unpaid,
                    refunds,
                    unpaid_carts: carts,
                    ignore,
                    final_tolerance: tolerance.0,
                    ledger_tolerance: tolerance.1,
                    fees,
                    bank_closed: days.0,
                    zone: days.1,
                }
            },
        )
}

fn unpaid_carts() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(""), 3 => select(&["low", "medium", "high"][..])]
}

/// Closed days near the run's start, which is on Friday, 20 November 2026, and a zone.
fn calendar() -> impl Strategy<Value = (Vec<&'static str>, &'static str)> {
    const DAYS: [&str; 6] = ["sun", "2nd sat", "3rd thu", "wed", "2026-11-20", "2026-11-18"];
    (
        prop_oneof![
            2 => Just(Vec::new()),
            1 => proptest::sample::subsequence(&DAYS[..], 1..=DAYS.len()),
        ],
        select(&["Asia/Kolkata", "UTC", "America/Los_Angeles"][..]),
    )
}

fn fees() -> impl Strategy<Value = Vec<FeeTerms>> {
    let fee = |currency, transaction_type| {
        (select(&[2_000_000, 1_750_000, 0][..]), select(&[0, 3_000_000][..]), 0..=6_u32).prop_map(
            move |(percent, fixed, decimals)| FeeTerms {
                currency,
                transaction_type,
                percent,
                fixed,
                decimals,
            },
        )
    };
    prop_oneof![
        3 => Just(Vec::new()),
        1 => fee("INR", "income").prop_map(|fee| vec![fee]),
        1 => (fee("inr", "income"), fee("inr", "expense"), fee("usd", "income"))
            .prop_map(|(income, expense, dollars)| vec![income, expense, dollars]),
    ]
}
