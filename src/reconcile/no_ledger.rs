//! A night without its ledger: it is not there, or it is of an earlier night. With
//! `--open-without-ledger` the run then asks for the stored open orders instead of ending with 10
//! (contract, "`run`").

use super::Request;
use super::reading::Reading;
use crate::domain::run::Warning;
use crate::failure::{Failure, code};
use crate::ledger::LedgerError;
use crate::store::{NewRun, Selection, Store, StoreError};

/// The ledger is not tonight's. What is wrong inside a file is no such reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outdated {
    /// A clause: which file, and what is the matter with it.
    pub(super) why: String,
    pub(super) hint: String,
}

impl Outdated {
    /// The export may not have run.
    pub(super) fn late(why: String) -> Outdated {
        Outdated { why, hint: "did the export run? Nothing was stored or asked".to_owned() }
    }
}

/// Why a ledger was not read.
pub(super) enum Refusal {
    /// The open orders can be asked without it.
    Outdated(Outdated),
    /// The run ends.
    Failed(Failure),
}

impl From<Outdated> for Refusal {
    fn from(outdated: Outdated) -> Refusal {
        Refusal::Outdated(outdated)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        Refusal::Failed(failure)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        Refusal::Failed(error.into())
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Refusal {
        let why = error.is_absent().then(|| error.to_string());
        let failure = Failure::from(error);
        match (why, failure.hint()) {
            (Some(why), Some(hint)) => Outdated { why, hint: hint.to_owned() }.into(),
            _ => Refusal::Failed(failure),
        }
    }
}

impl From<Outdated> for Failure {
    fn from(Outdated { why, hint }: Outdated) -> Failure {
        Failure::new(code::LEDGER, format!("the ledger is not usable: {why}"), hint)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        match refusal {
            Refusal::Outdated(outdated) => outdated.into(),
            Refusal::Failed(failure) => failure,
        }
    }
}

/// Selects the open orders, and nothing else. The import is still open, as after
/// [`read`](super::reading::read).
pub(super) fn select_open<'a>(
    store: &'a mut Store,
    new_run: NewRun,
    without: &Outdated,
) -> Result<Reading<'a>, Failure> {
    let selection = Selection { include_open: true, open_only: true, ..new_run.selection };
    let mut import = store.begin(NewRun { selection, ..new_run })?;
    let imported = import.select(Vec::new())?;
    let since = match import.last_ledger()? {
        Some((run_id, day)) => format!("run {run_id} of {day} read one last"),
        None => "no run has read one yet".to_owned(),
    };
    let text = format!(
        "there is no ledger of this night ({}): only the stored orders that are open are asked, \
         and this report knows no newer order; {since}. Start the run again when the ledger is \
         there",
        without.why
    );
    let warning = Warning::doubt("ledger_stale", text);
    tracing::warn!("{}", warning.text);
    import.add_warnings(&[warning])?;
    Ok(Reading { import, imported, files: Vec::new() })
}

/// Refuses a night of which there would be nothing to report.
pub(super) fn refuse_nothing_open(
    request: &Request,
    without: &Outdated,
    selected: u64,
) -> Result<(), Failure> {
    if selected > 0 || request.allow_empty {
        return Ok(());
    }
    let Outdated { why, hint } = without;
    let why = format!("{why}; and no stored order is open that could be asked without it");
    Err(Outdated { why, hint: hint.clone() }.into())
}
