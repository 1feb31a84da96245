//! What a person should see of a run (contract, "`run`": `warnings`).

use serde::Serialize;

/// Something that a person should see beside the figures of a run: in the summary, in JSON and in
/// the report (contract, "`run`": `warnings`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The kind of warning, in snake case: `ledger_shrunk`.
    pub code: String,
    /// What was seen, where, and what to do, for people.
    pub text: String,
    /// Whether it is doubt about the ledger or about findings, which ends the run with exit code 4.
    #[serde(skip)]
    pub is_doubt: bool,
}

impl Warning {
    /// A warning.
    pub fn new(code: &str, text: impl Into<String>) -> Warning {
        Warning { code: code.to_owned(), text: text.into(), is_doubt: false }
    }

    /// A warning that is doubt about the ledger.
    pub fn doubt(code: &str, text: impl Into<String>) -> Warning {
        Warning { is_doubt: true, ..Warning::new(code, text) }
    }

    /// A warning that a kind of findings is suspect.
    pub fn suspect(text: impl Into<String>) -> Warning {
        Warning::doubt(SUSPECT, text)
    }
}

/// The code of the warnings about suspect findings.
pub(crate) const SUSPECT: &str = "suspect";
