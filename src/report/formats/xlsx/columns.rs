//! The headings of the sheets with one row an order, a finding or an event. The reader of edited
//! workbooks finds its columns by these texts.

use super::book::Tab;

/// A heading, and the width of its column in characters.
pub(super) type Column = (&'static str, u8);

/// The columns whose texts are wrapped, so that they can be read and printed.
pub(super) const WRAPPED: &[&str] = &[
    "reason",
    "merchant_order_id",
    "payment_uid",
    "findings",
    "kinds",
    "owner",
    "note",
    "old_note",
    "new_note",
    "why_not",
    "file",
    // Summary, Help and How this was made.
    "what",
    "meaning",
    "who acts",
    "value",
];

const WORK: &[Column] = &[
    ("severity", 11),
    ("state", 10),
    ("next_step", 13),
    ("at_risk", 14),
    ("currency", 11),
    ("money", 13),
    ("merchant_order_id", 24),
    ("payment_uid", 22),
    ("order_date", 13),
    ("ledger_amount", 16),
    ("gateway_amount", 18),
    ("final_amount", 15),
    ("findings", 24),
    ("reason", 46),
    ("open_days", 13),
    ("due", 12),
    ("decision", 14),
    ("until", 12),
    ("owner", 14),
    ("note", 28),
    ("run_id", 9),
    ("mismatch_ids", 24),
];

const ACCEPTED: &[Column] = &[
    ("kind", 24),
    ("severity", 11),
    ("state", 10),
    ("at_risk", 14),
    ("currency", 11),
    ("merchant_order_id", 24),
    ("payment_uid", 22),
    ("order_date", 13),
    ("ledger_amount", 16),
    ("gateway_amount", 18),
    ("final_amount", 15),
    ("variance", 14),
    ("ledger_status", 15),
    ("payment_status", 17),
    ("accounting_status", 20),
    ("notify_status", 16),
    ("reason", 50),
    ("first_seen", 13),
    ("open_days", 13),
    ("decision", 15),
    ("until", 12),
    ("owner", 16),
    ("note", 32),
    ("run_id", 9),
    ("mismatch_id", 24),
];

const SOLVED: &[Column] = &[
    ("merchant_order_id", 24),
    ("outcome", 12),
    ("kinds", 36),
    ("money", 14),
    ("amount", 14),
    ("currency", 11),
    ("first_seen", 13),
    ("open_days", 13),
    ("decision", 15),
    ("owner", 16),
    ("note", 32),
];

const TAKEN: &[Column] = &[
    ("file", 34),
    ("row", 8),
    ("merchant_order_id", 24),
    ("kind", 24),
    ("event", 12),
    ("old_decision", 16),
    ("old_until", 12),
    ("old_owner", 16),
    ("old_note", 28),
    ("new_decision", 17),
    ("new_until", 12),
    ("new_owner", 16),
    ("new_note", 28),
    ("by", 18),
    ("system_user", 14),
    ("taken_at", 22),
    ("taken", 8),
    ("why_not", 50),
];

const NOT_CHECKED: &[Column] = &[
    ("what", 12),
    ("merchant_order_id", 24),
    ("amount", 14),
    ("currency", 11),
    ("order_date", 13),
    ("file", 30),
    ("line", 9),
    ("reason", 80),
];

const SUMMARY: &[Column] =
    &[("what", 34), ("", 16), ("", 16), ("", 16), ("", 16), ("", 16), ("", 16), ("", 16), ("", 16)];

const HELP: &[Column] = &[("what", 28), ("meaning", 80), ("who acts", 44)];

const MAKING: &[Column] = &[("what", 36), ("value", 70), ("", 40)];

/// The columns of a sheet; the names are headings where the sheet is one table. Findings has the
/// CSV's.
pub(super) fn of(tab: Tab) -> &'static [Column] {
    match tab {
        Tab::Work => WORK,
        Tab::Solved => SOLVED,
        Tab::Accepted => ACCEPTED,
        Tab::Taken => TAKEN,
        Tab::NotChecked => NOT_CHECKED,
        Tab::Summary => SUMMARY,
        Tab::Help => HELP,
        Tab::Making => MAKING,
        Tab::Findings => &[],
    }
}
