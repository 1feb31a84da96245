//! Findings of a night: single ones, and noise that has nothing in common.

use crate::rules::order::{Order, now};
use chrono::TimeDelta;
use octopus_recon::domain::amount::Amount;
use octopus_recon::domain::decision::Decision;
use octopus_recon::domain::mismatch::{Kind, Mismatch, ReportRow, Severity, State};
use octopus_recon::domain::order::LedgerStatus;
use octopus_recon::domain::payment::{Answer, Asked, PaymentStatus};
use octopus_recon::domain::text::Text;

pub const CENT: i64 = 10_000;

/// Numbers that are the same on every machine (xorshift).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below((to - from).unsigned_abs())).unwrap_or(0)
    }

    pub fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        usize::try_from(self.below(64)).map_or("", |index| words[index % words.len()])
    }
}

/// A finding of an order, in millionths.
pub fn finding(id: &str, kind: Kind, amount: i64, variance: Option<i64>) -> ReportRow {
    let order = Order {
        ledger_amount: amount,
        amount,
        final_amount: Some(amount + variance.unwrap_or(0)),
        ..Order::settled()
    };
    let Asked::Answered(Answer::Payment(payment)) = order.asked() else {
        unreachable!("a payment")
    };
    let mut entry = order.entry();
    id.clone_into(&mut entry.key.merchant_order_id);
    ReportRow {
        run_id: 1,
        mismatch: Mismatch {
            kind,
            severity: Severity::High,
            variance: variance.map(Amount::from_micros),
            at_risk: Amount::from_micros(variance.unwrap_or(amount).abs()),
            currency: "inr".to_owned(),
            reason: Text::own("One of many."),
        },
        state: State::New,
        key: entry.key.clone(),
        entry: Some(entry),
        payment: Some(*payment),
        first_seen: now().date_naive(),
        open_days: 0,
        last_verified: None,
        mismatch_id: format!("m-{id}"),
        decision: Decision::default(),
    }
}

pub fn at(row: &mut ReportRow, seconds_before_now: i64) {
    if let Some(entry) = &mut row.entry {
        entry.created_at.ages_from = now() - TimeDelta::seconds(seconds_before_now);
    }
}

pub fn unverified(id: &str, amount: i64, why: &str) -> ReportRow {
    let mut row = finding(id, Kind::Unverified, amount, None);
    let shown = Amount::from_micros(amount);
    row.mismatch.reason = Text::own(&format!("{shown} inr not verified after 4 calls: {why}."));
    row.payment = None;
    row
}

pub fn statuses(row: &mut ReportRow, ledger: &str, gateway: &str) {
    if let (Some(entry), Some(payment)) = (&mut row.entry, &mut row.payment) {
        entry.status = Some(LedgerStatus::from_word(ledger));
        payment.payment_status = Some(PaymentStatus::from_word(gateway));
    }
}

pub fn fails(row: &mut ReportRow, reason: &str) {
    if let Some(payment) = &mut row.payment {
        payment.payment_fail_reason = Some(reason.to_owned());
    }
}

pub fn on_channel(row: &mut ReportRow, channel: &str) {
    if let Some(payment) = &mut row.payment {
        payment.channel = Some(channel.to_owned());
    }
}

/// Findings that have nothing in common: two thirds differ in money, the others in status, or are
/// unverified.
pub fn noise(random: &mut Random, count: u64) -> Vec<ReportRow> {
    const REASONS: [&str; 8] = ["risk", "limit", "expired", "bank", "card", "name", "ifsc", "vpa"];
    const STATES: [(&str, &str); 8] = [
        ("paid", "failed"),
        ("paid", "reject"),
        ("paid", "refund"),
        ("paid", "pending"),
        ("failed", "completed"),
        ("failed", "refund"),
        ("pending", "completed"),
        ("refunded", "completed"),
    ];
    let mut rows = Vec::new();
    for number in 0..count {
        let id = format!("N{number}");
        let amount = random.between(20_000, 500_000) * CENT;
        let mut row = match random.below(6) {
            part @ 0..=3 => {
                // Not 2.00 %, which a test plants.
                let percent = random.between(1, 1_999);
                let percent = if percent == 200 { 1_999 } else { percent };
                let variance = amount / CENT * percent / 10_000 * CENT;
                let kinds = [Kind::FinalAmountDifference, Kind::LedgerAmountDifference];
                finding(&id, kinds[usize::from(part == 3)], amount, Some(-variance))
            }
            4 => {
                let mut row = finding(&id, Kind::StatusDifference, amount, None);
                let (ledger, gateway) = STATES[usize::try_from(random.below(8)).unwrap_or(0)];
                statuses(&mut row, ledger, gateway);
                row
            }
            _ => unverified(&id, amount, random.of(&REASONS)),
        };
        if random.below(6) == 0 {
            fails(&mut row, random.of(&REASONS));
        }
        on_channel(&mut row, random.of(&["card", "card", "upi", "netbanking"]));
        // Three days, and the middle of each day is three times as busy as its ends.
        let hour = [random.below(24), 8 + random.below(8)][usize::from(random.below(2) == 0)];
        let seconds = random.below(3) * 86_400 + hour * 3_600 + random.below(3_600);
        at(&mut row, i64::try_from(seconds).unwrap_or(0));
        rows.push(row);
    }
    rows
}
