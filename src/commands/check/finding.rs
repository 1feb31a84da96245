//! A finding of `check`: what was looked at, what was seen, what to do, and its exit code.

use crate::cli::Format;
use crate::commands::output::{JsonHead, table};
use crate::domain::text::one_line;
use crate::failure::Failure;
use serde::Serialize;

/// The exit code of a warning under `--strict`: no error has it.
const STRICT_WARNING: u8 = 1;

/// One thing that was looked at.
#[derive(Debug)]
pub(super) struct Finding {
    /// What was looked at, in a word or two.
    what: &'static str,
    seen: Seen,
}

/// The findings as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    findings: Vec<ShownFinding<'a>>,
    exit_code: u8,
}

/// A finding as JSON.
#[derive(Serialize)]
struct ShownFinding<'a> {
    level: &'static str,
    code: u8,
    what: &'static str,
    text: String,
    hint: Option<&'a str>,
}

#[derive(Debug)]
enum Seen {
    /// A run would end with this.
    Error(Failure),
    Warning {
        text: String,
        hint: String,
        /// Whether it counts for the exit code.
        is_strict: bool,
    },
    Good(String),
}

impl Finding {
    pub(super) fn ok(what: &'static str, text: impl Into<String>) -> Finding {
        Finding { what, seen: Seen::Good(text.into()) }
    }

    /// `hint`: what to do.
    pub(super) fn warning(
        what: &'static str,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) -> Finding {
        let (text, hint) = (text.into(), hint.into());
        Finding { what, seen: Seen::Warning { text, hint, is_strict: false } }
    }

    pub(super) fn error(what: &'static str, failure: impl Into<Failure>) -> Finding {
        Finding { what, seen: Seen::Error(failure.into()) }
    }

    pub(super) fn is_error(&self) -> bool {
        matches!(self.seen, Seen::Error(_))
    }

    /// From now on a warning counts for the exit code.
    pub(super) fn counts_warnings(mut self) -> Finding {
        if let Seen::Warning { is_strict, .. } = &mut self.seen {
            *is_strict = true;
        }
        self
    }

    /// What the finding alone would end the command with.
    pub(super) fn code(&self) -> u8 {
        match &self.seen {
            Seen::Error(failure) => failure.code(),
            Seen::Warning { is_strict: true, .. } => STRICT_WARNING,
            Seen::Warning { is_strict: false, .. } | Seen::Good(_) => 0,
        }
    }

    /// The worst finding has the lowest rank.
    pub(super) fn rank(&self) -> (u8, u8) {
        let level = match self.seen {
            Seen::Error(_) => 0,
            Seen::Warning { .. } => 1,
            Seen::Good(_) => 2,
        };
        (level, u8::MAX - self.code())
    }

    /// The failure that it is, if it is an error.
    pub(super) fn into_failure(self) -> Option<Failure> {
        match self.seen {
            Seen::Error(failure) => Some(failure),
            Seen::Warning { .. } | Seen::Good(_) => None,
        }
    }

    fn shown(&self) -> ShownFinding<'_> {
        let (level, code, what) = (self.level(), self.code(), self.what);
        ShownFinding { level, code, what, text: self.text(), hint: self.hint() }
    }

    fn level(&self) -> &'static str {
        match self.seen {
            Seen::Error(_) => "error",
            Seen::Warning { .. } => "warning",
            Seen::Good(_) => "ok",
        }
    }

    fn text(&self) -> String {
        match &self.seen {
            Seen::Error(failure) => one_line(failure.message()),
            Seen::Warning { text, .. } | Seen::Good(text) => one_line(text),
        }
    }

    fn hint(&self) -> Option<&str> {
        match &self.seen {
            Seen::Error(failure) => failure.hint(),
            Seen::Warning { hint, .. } => Some(hint),
            Seen::Good(_) => None,
        }
    }
}

/// All findings, in their order.
pub(super) fn rendered(
    findings: &[Finding],
    exit_code: u8,
    format: Format,
    head: &JsonHead,
) -> String {
    match format {
        Format::Text => {
            let rows: Vec<Vec<String>> = findings.iter().flat_map(rows).collect();
            table(&rows, &[1])
        }
        Format::Json => {
            let findings = findings.iter().map(Finding::shown).collect();
            let shown = Shown { findings, exit_code };
            // It holds nothing that JSON could not write.
            head.object(&serde_json::to_string(&shown).unwrap_or_default())
        }
    }
}

/// A finding's line, and the line of its hint.
fn rows(finding: &Finding) -> Vec<Vec<String>> {
    let code = match finding.code() {
        0 => String::new(),
        code => code.to_string(),
    };
    let mut rows =
        vec![vec![finding.level().to_owned(), code, finding.what.to_owned(), finding.text()]];
    if let Some(hint) = finding.hint() {
        let empty = String::new;
        rows.push(vec![empty(), empty(), empty(), format!("hint: {hint}")]);
    }
    rows
}
