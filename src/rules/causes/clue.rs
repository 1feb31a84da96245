//! What a finding has in common with others: the values by which findings are compared.

use crate::domain::amount::Amount;
use crate::domain::mismatch::{Kind, ReportRow};
use crate::domain::order::LedgerStatus;
use crate::domain::payment::PaymentStatus;
use crate::domain::text;
use chrono::{DateTime, Utc};

/// A value that findings can share. The order of the variants decides between causes that explain
/// the same: the most exact first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Clue {
    /// The variance in hundredths of a per cent of what was expected, with its sign.
    Percent(Kind, i64),
    /// The currency and the variance in millionths, with its sign.
    Difference(Kind, String, i64),
    /// The gateway's fail reason.
    FailReason(String),
    /// Why there is no trustworthy answer.
    Unanswered(String),
    /// The status in the ledger and at the gateway.
    Statuses(String, String),
    /// The channel of the payment.
    Channel(Kind, String),
    /// The hour in which the order was created, counted from 1970 in UTC.
    Hour(i64),
}

/// Seconds of an hour.
const HOUR: i64 = 3_600;

/// The clues of one finding.
pub(super) fn clues(finding: &ReportRow) -> Vec<Clue> {
    let kind = finding.mismatch.kind;
    let mut clues = Vec::new();
    if let Some(variance) = finding.mismatch.variance {
        clues.extend(percent(finding, variance).map(|percent| Clue::Percent(kind, percent)));
        let currency = finding.mismatch.currency.clone();
        clues.push(Clue::Difference(kind, currency, variance.micros()));
    }
    if kind == Kind::Unverified {
        clues.push(Clue::Unanswered(unanswered(finding.mismatch.reason.as_str())));
    }
    if kind == Kind::StatusDifference {
        clues.push(statuses(finding));
    }
    let channel = finding.payment.as_ref().and_then(|payment| payment.channel.as_deref());
    clues.extend(channel.map(|channel| Clue::Channel(kind, text::clean(channel))));
    clues
}

/// The clues of an order, whatever its findings are.
pub(super) fn clues_of_order(finding: &ReportRow) -> Vec<Clue> {
    let mut clues = Vec::new();
    if let Some(payment) = &finding.payment {
        let reasons = [
            &payment.payment_fail_reason,
            &payment.accounting_fail_reason,
            &payment.notify_fail_reason,
        ];
        let reason = reasons.into_iter().flatten().find(|reason| !reason.trim().is_empty());
        clues.extend(reason.map(|reason| Clue::FailReason(normalized(reason))));
    }
    let created_at = finding.entry.as_ref().map(|entry| entry.created_at.ages_from);
    clues.extend(created_at.map(|at| Clue::Hour(at.timestamp().div_euclid(HOUR))));
    clues
}

/// The variance in hundredths of a per cent of what was expected, rounded half away from zero.
/// `None` if all of it is missing, or more than all of it is over: that is no rate.
fn percent(finding: &ReportRow, variance: Amount) -> Option<i64> {
    const WHOLE: i64 = 10_000;
    let payment = finding.payment.as_ref()?;
    let compared = match finding.mismatch.kind {
        Kind::FinalAmountDifference => payment.final_amount?,
        _ => payment.amount,
    };
    let expected = i128::from((compared - variance).micros());
    if expected <= 0 {
        return None;
    }
    let scaled = i128::from(variance.micros()) * i128::from(WHOLE);
    let size = (scaled.abs() + expected / 2) / expected;
    let percent = i64::try_from(size * scaled.signum()).ok()?;
    (percent != 0 && percent.abs() < WHOLE).then_some(percent)
}

fn statuses(finding: &ReportRow) -> Clue {
    let ledger = finding.entry.as_ref().and_then(|entry| entry.status.as_ref());
    let gateway = finding.payment.as_ref().and_then(|payment| payment.payment_status.as_ref());
    Clue::Statuses(
        ledger.map_or_else(String::new, |status| text::clean(LedgerStatus::as_str(status))),
        gateway.map_or_else(String::new, |status| text::clean(PaymentStatus::as_str(status))),
    )
}

/// The clause behind "… not verified after 4 calls: ".
fn unanswered(reason: &str) -> String {
    let why = reason.split_once(": ").map_or(reason, |(_, why)| why);
    normalized(why.trim_end_matches('.'))
}

/// A text without what differs from order to order: case, and numbers longer than a status code.
fn normalized(foreign: &str) -> String {
    const LONGEST_CODE: usize = 3;
    let clean = text::clean(foreign).to_lowercase();
    let mut shown = String::with_capacity(clean.len());
    for part in clean.split_inclusive(|character: char| !character.is_ascii_digit()) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits > LONGEST_CODE {
            shown.push('#');
            shown.push_str(part.get(digits..).unwrap_or_default());
        } else {
            shown.push_str(part);
        }
    }
    shown
}

impl Clue {
    /// What the findings with this clue have in common, for people.
    pub(super) fn in_words(&self) -> String {
        match self {
            Clue::Percent(kind, percent) => {
                let size = percent.unsigned_abs();
                let percent_text = format!("{}.{:02} %", size / 100, size % 100);
                difference_in_words(*kind, &percent_text, *percent < 0)
            }
            Clue::Difference(kind, currency, micros) => {
                let size = Amount::from_micros(*micros).abs();
                difference_in_words(*kind, &format!("{size} {currency}"), *micros < 0)
            }
            Clue::FailReason(reason) => format!("the gateway says \"{reason}\""),
            Clue::Unanswered(why) => format!("not verified: {why}"),
            Clue::Statuses(ledger, gateway) => {
                let ledger = if ledger.is_empty() { "no status" } else { ledger };
                format!("{ledger} in the ledger, {gateway} at the gateway")
            }
            Clue::Channel(kind, channel) => format!("{kind} on channel {channel}"),
            Clue::Hour(hour) => {
                let at = |hour: i64| DateTime::<Utc>::from_timestamp(hour * HOUR, 0);
                let shown = |hour, format| {
                    at(hour).map(|at| at.format(format).to_string()).unwrap_or_default()
                };
                let (from, to) = (shown(*hour, "%Y-%m-%d %H:%M"), shown(hour + 1, "%H:%M"));
                format!("ordered between {from} and {to} UTC")
            }
        }
    }
}

fn difference_in_words(kind: Kind, size: &str, is_short: bool) -> String {
    match (kind, is_short) {
        (Kind::LedgerAmountDifference, true) => format!("gateway {size} below the ledger"),
        (Kind::LedgerAmountDifference, false) => format!("gateway {size} above the ledger"),
        (_, true) => format!("settled {size} short"),
        (_, false) => format!("settled {size} over"),
    }
}
