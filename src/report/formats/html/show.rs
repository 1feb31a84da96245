//! How figures, dates and text from outside look on the page.

use crate::domain::amount::Total;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::mismatch::{NextStep, Severity, State};
use crate::domain::money::Bucket;
use crate::domain::order::OrderKey;
use crate::domain::text::{self, Text};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};
use sha2::{Digest, Sha256};

/// Text from outside, apart from the direction of the text around it.
pub(super) fn foreign(text: &str) -> Markup {
    html! { bdi { (Text::own(text).as_str()) } }
}

/// An id, character for character as far as a person can see it.
pub(super) fn id(text: &str) -> Markup {
    html! { bdi.id { (Text::id(text).as_str()) } }
}

/// A number with a comma after each three digits before the point.
pub(super) fn grouped(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("\u{2212}", digits),
        None => ("", number),
    };
    let units = digits.split('.').next().unwrap_or_default();
    let mut shown = [sign, &text::grouped(units)].concat();
    shown.push_str(&digits[units.len()..]);
    shown
}

/// A count.
pub(super) fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// "1 order", "2 orders".
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// "3 orders".
pub(super) fn orders(number: u64) -> String {
    counted(number, "order", "orders")
}

/// Money with its currency: "58,558.00 inr".
pub(super) fn money(amount: &impl ToString, currency: &str) -> Markup {
    html! { span.money { (grouped(&amount.to_string())) " " bdi { (currency_text(currency)) } } }
}

/// The currency's code, cleaned.
pub(super) fn currency_text(currency: &str) -> String {
    Text::foreign(currency).to_string()
}

/// A sum in a table; one that is zero is a dash.
pub(super) fn sum(total: Total) -> Markup {
    html! { @if total == Total::default() { "–" } @else { (grouped(&total.to_string())) } }
}

/// "25 Nov 2026".
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// "25 Nov 2026, 02:40".
pub(super) fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %b %Y, %H:%M").to_string()
}

/// "25 Nov 2026, 02:40 (Asia/Kolkata)".
pub(super) fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    format!("{} ({zone})", local(at, zone))
}

/// "today", "1 day", "12 days".
pub(super) fn age(days: i64) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// `part` of `whole` in per cent with one decimal, rounded down, so that "100.0 %" is all of them.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Whole per cent of a sum, rounded down. `None`: there is nothing to compare with.
pub(super) fn percent_of_sum(part: Total, whole: Total) -> Option<i128> {
    (whole.micros() > 0).then(|| part.micros().saturating_mul(100) / whole.micros())
}

/// What the money of an order is, in a word or two.
pub(super) fn bucket(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::AgainstUs => "against us",
        Bucket::InOurFavour => "in our favour",
        Bucket::InDoubt => "in doubt",
        Bucket::Unverified => "unverified",
        Bucket::Accepted => "accepted",
        Bucket::Suspect => "suspect",
        Bucket::Information => "for information",
    }
}

/// Who acts, in a word or two.
pub(super) fn who(step: NextStep) -> &'static str {
    match step {
        NextStep::Gateway => "Gateway support",
        NextStep::Bookkeeping => "Bookkeeping",
        NextStep::Operator => "Operator",
    }
}

/// A severity as a marked word.
pub(super) fn severity(severity: Option<Severity>) -> Markup {
    let (class, word) = match severity {
        Some(Severity::High) => ("tag high", "high"),
        Some(Severity::Medium) => ("tag medium", "medium"),
        Some(Severity::Low) => ("tag low", "low"),
        None => ("tag low", "accepted"),
    };
    html! { span class=(class) { (word) } }
}

/// A state for people.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Reopened => "back again",
        other => other.as_str(),
    }
}

/// What finance said; nothing where it said nothing.
pub(super) fn decision(decision: &Decision) -> Markup {
    let word = match decision.verdict {
        Some(Verdict::Accepted) => "accepted",
        Some(Verdict::Proposed) => "proposed; somebody else has to confirm it",
        Some(Verdict::WithGateway) => "with the gateway",
        Some(Verdict::ToCorrect) => "to be corrected in the ledger",
        None => "",
    };
    let said = [
        word.to_owned(),
        decision.until.map(|until| format!("until {}", day(until))).unwrap_or_default(),
    ];
    let said: Vec<String> = said.into_iter().filter(|it| !it.is_empty()).collect();
    html! {
        @if !decision.is_empty() {
            @if said.is_empty() { "no decision" } @else { (said.join(", ")) }
            @if !decision.owner.as_str().is_empty() {
                " · owner " (foreign(decision.owner.as_str()))
            }
            @if !decision.note.as_str().is_empty() {
                " · “" (foreign(decision.note.as_str())) "”"
            }
        }
    }
}

/// The anchor of an order, whatever characters its id has.
pub(super) fn order_anchor(key: &OrderKey) -> String {
    let mut digest = Sha256::new();
    digest.update(key.merchant_uid.as_deref().unwrap_or_default());
    digest.update([0]);
    digest.update(&key.merchant_order_id);
    format!("o-{}", &hex::encode(digest.finalize())[..16])
}

/// The anchor of a finding: its id, where that can be one.
pub(super) fn finding_anchor(mismatch_id: &str) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if mismatch_id.starts_with("m-") && mismatch_id.bytes().all(fits) {
        return mismatch_id.to_owned();
    }
    format!("m-{}", &hex::encode(Sha256::digest(mismatch_id))[..16])
}

/// Where the rows are that a list leaves out.
pub(super) fn rest(shown: u64, all: u64, what: &str, stem: &str) -> Markup {
    html! {
        @if all > shown {
            p.rest {
                "The page shows " (count(shown)) " of " (count(all)) " " (what)
                ". The rest is in the workbook " (foreign(stem)) ".xlsx beside this page."
            }
        }
    }
}
