//! The headings of the sheets with one row an order, a finding or an event. The reader of edited
//! workbooks finds its columns by these texts.

use super::book::Tab;

/// A heading, and the width of its column in characters.
pub(super) type Column = (&'static str, u8);

pub(super) const WORK: &[Column] = &[
    ("severity", 10),
    ("state", 10),
    ("next_step", 13),
    ("at_risk", 14),
    ("currency", 9),
    ("money", 14),
    ("merchant_order_id", 26),
    ("payment_uid", 22),
    ("order_date", 12),
    ("ledger_amount", 15),
    ("gateway_amount", 16),
    ("final_amount", 14),
    ("findings", 30),
    ("reason", 60),
    ("open_days", 11),
    ("due", 12),
    ("decision", 15),
    ("until", 12),
    ("owner", 16),
    ("note", 32),
    ("run_id", 8),
    ("mismatch_ids", 24),
];

pub(super) const ACCEPTED: &[Column] = &[
    ("kind", 26),
    ("severity", 10),
    ("state", 10),
    ("at_risk", 14),
    ("currency", 9),
    ("merchant_order_id", 26),
    ("payment_uid", 22),
    ("order_date", 12),
    ("ledger_amount", 15),
    ("gateway_amount", 16),
    ("final_amount", 14),
    ("variance", 14),
    ("ledger_status", 14),
    ("payment_status", 15),
    ("accounting_status", 18),
    ("notify_status", 14),
    ("reason", 60),
    ("first_seen", 12),
    ("open_days", 11),
    ("decision", 15),
    ("until", 12),
    ("owner", 16),
    ("note", 32),
    ("run_id", 8),
    ("mismatch_id", 24),
];

const SOLVED: &[Column] = &[
    ("merchant_order_id", 26),
    ("outcome", 12),
    ("kinds", 36),
    ("money", 14),
    ("amount", 14),
    ("currency", 9),
    ("first_seen", 12),
    ("open_days", 11),
    ("decision", 15),
    ("owner", 16),
    ("note", 32),
];

const TAKEN: &[Column] = &[
    ("file", 34),
    ("row", 8),
    ("merchant_order_id", 26),
    ("kind", 26),
    ("event", 12),
    ("old_decision", 15),
    ("old_until", 12),
    ("old_owner", 16),
    ("old_note", 28),
    ("new_decision", 15),
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
    ("merchant_order_id", 26),
    ("amount", 14),
    ("currency", 9),
    ("order_date", 12),
    ("file", 30),
    ("line", 9),
    ("reason", 80),
];

/// The columns of a sheet that is one table. Findings has the CSV's.
pub(super) fn of(tab: Tab) -> &'static [Column] {
    match tab {
        Tab::Work => WORK,
        Tab::Solved => SOLVED,
        Tab::Accepted => ACCEPTED,
        Tab::Taken => TAKEN,
        Tab::NotChecked => NOT_CHECKED,
        Tab::Summary | Tab::Findings | Tab::Help | Tab::Making => &[],
    }
}
