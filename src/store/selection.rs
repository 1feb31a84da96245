//! Which orders a run asks for (contract, "`run`": selection). `selecting.rs` finds them.

use crate::domain::order::Entry;
use chrono::NaiveDate;

/// Which orders a run asks for. Two runs with the same selection can continue each other
/// (contract, "`run`": "same selection means").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Selection {
    /// The digests of the ledger files' contents, in order; empty: the orders already stored.
    pub(crate) ledgers: Vec<String>,
    /// First day.
    pub(crate) from: Option<NaiveDate>,
    /// Last day.
    pub(crate) to: Option<NaiveDate>,
    /// How the days were given.
    pub(crate) kind: SelectionKind,
    /// Also the open ones of earlier runs.
    pub(crate) include_open: bool,
    /// With them, payouts that failed: those whose order date is this or later.
    pub(crate) failed_payouts_since: Option<NaiveDate>,
    /// Nothing but the open ones of earlier runs: there is no ledger tonight.
    pub(crate) open_only: bool,
    /// The gateway.
    pub(crate) base_url: String,
    /// The configured merchant.
    pub(crate) merchant_uid: Option<String>,
}

impl Selection {
    /// Whether it selects an order with this entry.
    pub(super) fn selects(&self, entry: &Entry) -> bool {
        let date = entry.created_at.date;
        self.from.is_none_or(|from| from <= date)
            && self.to.is_none_or(|to| date <= to)
            && (self.merchant_uid.is_none() || self.merchant_uid == entry.key.merchant_uid)
    }

    /// As it is stored and compared. chrono's serde is not among our features, so dates are texts.
    pub(super) fn key(&self) -> String {
        let mut key = serde_json::json!({
            "ledgers": self.ledgers,
            "from": self.from.map(|date| date.to_string()),
            "to": self.to.map(|date| date.to_string()),
            "include_open": self.include_open,
            "base_url": self.base_url,
            "merchant_uid": self.merchant_uid,
        });
        // Only where it is set: the keys of earlier releases do not have it.
        if self.open_only {
            key["open_only"] = true.into();
        }
        key.to_string()
    }
}

/// How the days of a selection were given. It is no part of what makes two selections the same:
/// only the days are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SelectionKind {
    /// `--last`.
    Last,
    /// `--from` or `--to`.
    Range,
    /// All days.
    #[default]
    All,
}

impl SelectionKind {
    /// The word that the database has for it.
    pub(super) fn stored(self) -> &'static str {
        match self {
            SelectionKind::Last => "last",
            SelectionKind::Range => "range",
            SelectionKind::All => "all",
        }
    }
}
