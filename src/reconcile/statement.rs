//! The gateway's own statement beside what a run saw (contract, "`run`": `--gateway-total`).

use super::Request;
use crate::domain::run::Warning;
use crate::domain::statement::StatementLine;
use crate::failure::Failure;
use crate::store::{RunRow, Store};

/// The lines of the comparison. A resumed run without a statement keeps the one that it had.
pub(super) fn lines(
    store: &Store,
    run: &RunRow,
    request: &Request,
) -> Result<Vec<StatementLine>, Failure> {
    let completed = store.completed_payments(run.summary.run_id)?;
    let stated = &request.gateway_totals;
    if stated.is_empty() {
        return Ok(run.summary.figures.gateway_totals.clone());
    }
    Ok(stated.iter().map(|stated| StatementLine::new(stated, &completed)).collect())
}

/// What to say of the lines that differ.
pub(super) fn warnings(lines: &[StatementLine]) -> Vec<Warning> {
    let differing = lines.iter().filter(|line| line.differs());
    differing.map(|line| Warning::new("gateway_total", text(line))).collect()
}

fn text(line: &StatementLine) -> String {
    let StatementLine { currency, transaction_type, statement, seen, difference } = line;
    format!(
        "{currency} {transaction_type}: the gateway's statement has {} payments of {}, this run \
         saw {} completed of {}. Only the gateway has {} of {}. Compare the statement's days with \
         the run's, and look for payments that are in no ledger",
        statement.payments,
        statement.amount,
        seen.payments,
        seen.amount,
        difference.payments,
        difference.amount
    )
}
