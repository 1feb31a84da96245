//! Columns of words: transaction types, statuses, payment methods.

use super::Decisions;
use crate::domain::order::LedgerStatus;
use crate::domain::payment::TransactionType;
use crate::ledger::Column;
use crate::ledger::suggest::choosing::quoted;
use crate::ledger::suggest::habit::{Example, rows};
use crate::ledger::suggest::headings::{self, Role};
use crate::ledger::suggest::is_same_word;
use crate::ledger::suggest::proposal::{entry, skip_rule};
use crate::ledger::suggest::survey::ColumnFacts;
use crate::ledger::vocabulary::Vocabulary;
use std::fmt::Write;

/// Words that are shown of a column.
const MOST_WORDS: usize = 12;

/// Words for rows that are orders.
const ORDERS: [&str; 7] = ["order", "orders", "sale", "sales", "payment", "charge", "purchase"];

/// Ways to pay that pass no gateway.
const OFFLINE: [&str; 15] = [
    "cod",
    "cash on delivery",
    "cash on delivery (cod)",
    "cash",
    "bank transfer",
    "direct bank transfer",
    "bacs",
    "cheque",
    "check",
    "check payments",
    "check / money order",
    "money order",
    "no payment information required",
    "manual",
    "purchase order",
];

impl Decisions<'_> {
    /// Which rows are income and expense, and which are no orders.
    pub(super) fn types(&mut self) {
        let name = Column::TransactionType;
        let Some(facts) = self.facts(name).cloned() else { return };
        let vocabulary = Vocabulary::new(self.settings);
        let is_known = |word: &str| {
            vocabulary.transaction_type(word).as_ref().is_some_and(TransactionType::is_known)
        };
        let unknown: Vec<_> = facts.words.iter().filter(|(word, _)| !is_known(word)).collect();
        let is_any_known = unknown.len() < facts.words.len();
        let is_read = is_any_known
            || is_same_word(&facts.heading, name.as_str())
            || self.suggestion.given_in("columns", name.as_str()).is_some();
        if is_any_known && !is_same_word(&facts.heading, name.as_str()) {
            self.suggestion.propose_in("columns", name.as_str(), facts.heading.clone(), None);
        }
        // One word for all rows separates nothing.
        if unknown.is_empty() || (!is_read && facts.words.len() < 2) {
            return;
        }
        let text = format!(
            "{} has words that say neither income nor expense: {}. Rows that are no orders (fees, \
             transfers, adjustments, refunds) must be skipped. List here the words of rows that \
             are no orders",
            quoted(&facts.heading),
            shown(&unknown)
        );
        let is_order = |word: &str| ORDERS.iter().any(|order| is_same_word(order, word));
        let others = unknown.iter().map(|(word, _)| (*word).to_owned());
        let others: Vec<String> = others.filter(|word| !is_order(word)).collect();
        if !others.is_empty() {
            let rule = skip_rule(&facts.heading, "values", others);
            self.suggestion.leave_open("skip", "skip", text, [rule]);
        }
    }

    /// The status of orders.
    pub(super) fn status(&mut self) {
        let name = Column::Status;
        let Some(facts) = self.facts(name).cloned() else {
            self.no_status();
            return;
        };
        let vocabulary = Vocabulary::new(self.settings);
        let is_known =
            |word: &str| !matches!(vocabulary.status(word), Some(LedgerStatus::Unmapped(_)));
        let unknown: Vec<_> = facts.words.iter().filter(|(word, _)| !is_known(word)).collect();
        let is_own = is_same_word(&facts.heading, name.as_str());
        let is_read = is_own || self.suggestion.given_in("columns", name.as_str()).is_some();
        if !is_read && unknown.len() == facts.words.len() {
            let text = format!(
                "{} is not read as the status: none of its words is a known one ({}). If it is \
                 the status, say so",
                quoted(&facts.heading),
                shown(&unknown)
            );
            let choice = entry(name.as_str(), &*facts.heading);
            self.suggestion.leave_open("columns", name.as_str(), text, [choice]);
            self.found.chosen.remove(name);
            return;
        }
        if !is_own {
            let is_by_cells = self.found.chosen.by_cells.contains(&name);
            let why = "no heading has a usual name of it, but each cell is a known status";
            let note = is_by_cells.then(|| why.to_owned());
            self.suggestion.propose_in("columns", name.as_str(), facts.heading.clone(), note);
        }
        if unknown.is_empty() {
            return;
        }
        let text = format!(
            "{} has words that are not mapped: {}. Such an order counts as without a status, and \
             is reported. Say for each what it means",
            quoted(&facts.heading),
            shown(&unknown)
        );
        let meanings = "paid, pending, failed, refunded or part_refunded";
        let choices: Vec<_> = unknown.iter().map(|(word, _)| entry(word, meanings)).collect();
        self.suggestion.leave_open("statuses", "statuses", text, choices);
    }

    /// No column is that of the status.
    fn no_status(&mut self) {
        let name = Column::Status.as_str();
        let several = self.several(Column::Status);
        if !several.is_empty() {
            let headings: Vec<String> = several.iter().map(|it| quoted(it)).collect();
            let text = format!(
                "{} have known statuses, and not the same ones: say which one is that of the order",
                headings.join(" and ")
            );
            let choices: Vec<_> = several.iter().map(|heading| entry(name, &**heading)).collect();
            self.suggestion.leave_open("columns", name, text, choices);
        } else if !self.suggestion.is_given("default_status") {
            let status = entry("default_status", "paid");
            let text = format!(
                "no column has known statuses. An order without a status has a status_difference \
                 only where the gateway says failed, reject or refund, not where its payment is \
                 still open. If all orders have been paid, set {status}"
            );
            self.suggestion.note(text);
        }
    }

    /// Orders that were not paid through a gateway.
    pub(super) fn payment_methods(&mut self) {
        let is_method =
            |facts: &&ColumnFacts| headings::rank(&facts.heading, Role::PaymentMethod).is_some();
        let columns = self.found.survey.columns.iter().filter(is_method);
        let columns: Vec<ColumnFacts> = columns.cloned().collect();
        let is_decided = |facts: &ColumnFacts| {
            self.settings.skip.iter().any(|rule| is_same_word(&rule.column, &facts.heading))
        };
        if columns.iter().any(is_decided) {
            return;
        }
        // A code and a title of the same method are one question.
        if let Some(facts) = columns.iter().find(|facts| facts.words.len() > 1) {
            let words: Vec<_> = facts.words.iter().collect();
            let text = format!(
                "{} has {}. Orders that were not paid through the gateway are unknown there: skip \
                 them",
                quoted(&facts.heading),
                shown(&words)
            );
            let is_offline = |word: &str| OFFLINE.iter().any(|offline| is_same_word(offline, word));
            let offline: Vec<String> = words
                .iter()
                .map(|(word, _)| (*word).to_owned())
                .filter(|it| is_offline(it))
                .collect();
            if offline.is_empty() {
                self.suggestion.note(text);
            } else {
                let rule = skip_rule(&facts.heading, "values", offline);
                self.suggestion.leave_open("skip", "skip", text, [rule]);
            }
        }
    }
}

/// Words with the number of their rows and the line of the first one.
fn shown(words: &[(&str, &Example)]) -> String {
    let shown = words.iter().take(MOST_WORDS).map(|(word, example)| {
        format!("{} ({}, the first in line {})", quoted(word), rows(example.count), example.line)
    });
    let mut shown = shown.collect::<Vec<_>>().join(", ");
    if words.len() > MOST_WORDS {
        let _written = write!(shown, " and {} more", words.len() - MOST_WORDS);
    }
    shown
}
