//! Rows that look like totals or notes.

use super::Decisions;
use crate::ledger::suggest::choosing::quoted;
use crate::ledger::suggest::proposal::skip_rule;
use crate::ledger::suggest::totals::Rows;

impl Decisions<'_> {
    /// Rows that are none of an order, as it seems, each kind with the rule that skips it.
    pub(super) fn totals(&mut self) {
        let Some(marks) = self.found.marks.clone() else { return };
        let totals = self.found.totals.clone();
        for (kind, heading) in [(&totals.no_id, &marks.id), (&totals.no_date, &marks.date)] {
            let Some(heading) = heading else { continue };
            let rule = skip_rule(heading, "empty", true);
            self.not_an_order(kind, &format!("no {}", quoted(heading)), Some(rule));
        }
        let ids: Vec<String> = totals.ids.iter().map(|(id, _)| id.to_owned()).collect();
        let by_id = marks.id.as_ref().filter(|_| !ids.is_empty());
        let rule = by_id.map(|heading| skip_rule(heading, "values", ids));
        if let Some(heading) = &marks.id {
            let lacks = format!("the word for a total as {}", quoted(heading));
            self.not_an_order(&totals.named, &lacks, rule.clone());
        }
        if let Some((credit, debit)) = &marks.halves {
            let lacks = format!("an amount in both {} and {}", quoted(credit), quoted(debit));
            // One rule is enough for both kinds.
            let rule = rule.filter(|_| !totals.named.rows.is_any());
            self.not_an_order(&totals.both, &lacks, rule);
        }
    }

    /// Some rows that have or lack something.
    fn not_an_order(&mut self, kind: &Rows, what: &str, rule: Option<String>) {
        let Rows { rows, look_so } = kind;
        let (count, line) = (rows.count, rows.line);
        let text = match (count, *look_so == count) {
            (0, _) => return,
            (1, true) => format!(
                "line {line} has {what} and looks like a total or a note. If it is no order, skip \
                 it"
            ),
            (1, false) => format!(
                "line {line} has {what}, so that it is invalid. If it is no order (a total, a \
                 note), skip it"
            ),
            (_, true) => format!(
                "{count} rows have {what} and look like totals or notes, the first in line {line}. \
                 If they are no orders, skip them"
            ),
            (_, false) => format!(
                "{count} rows have {what}, so that they are invalid, the first in line {line}. If \
                 they are no orders (totals, notes), skip them"
            ),
        };
        self.suggestion.leave_open("skip", "skip", text, rule);
    }
}
