//! What the command line asks of a run, and what of it cannot be meant (contract, "`run`").

use crate::domain::morning::Making;
use crate::domain::run::ExpectedTotal;
use crate::domain::statement::Stated;
use crate::domain::text::Text;
use crate::failure::Failure;
use crate::settings::Settings;
use chrono::NaiveDate;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the command line asks of a run.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Ledger files; `-` is stdin; none: the orders already stored.
    pub ledgers: Vec<PathBuf>,
    /// First order date.
    pub from: Option<NaiveDate>,
    /// Last order date.
    pub to: Option<NaiveDate>,
    /// The N whole days before today instead.
    pub last: Option<NonZeroU32>,
    /// Also the open orders of earlier runs.
    pub include_open: bool,
    /// Only the orders that are due are asked.
    pub is_scheduled: bool,
    /// Until when the ledger files are waited for.
    pub wait_ledger_until: Option<Instant>,
    /// Without tonight's ledger, the stored open orders are asked.
    pub open_without_ledger: bool,
    /// A run without orders is no error.
    pub allow_empty: bool,
    /// A gateway that knows no order is believed.
    pub accept_suspect: bool,
    /// Whether to continue an earlier run.
    pub resume: Resume,
    /// The CSV's path, instead of one in the reports' directory.
    pub report: Option<PathBuf>,
    /// The ledger's control figure: its rows.
    pub expect_rows: Option<u64>,
    /// The ledger's control figures: its amounts.
    pub expect_totals: Vec<ExpectedTotal>,
    /// What the gateway's own statement says.
    pub gateway_totals: Vec<Stated>,
    /// When to stop asking.
    pub stop_asking_at: Option<Instant>,
    /// How the run is made, for its report.
    pub making: Making,
    /// The operating system's user, for the decisions that the run takes.
    pub system_user: Text,
}

/// `--resume`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    /// A new run.
    #[default]
    No,
    /// The latest of the same selection that did not end complete, else a new run.
    Latest,
    /// This one.
    Run(i64),
}

impl Request {
    /// Whether no orders are named: no ledger, no range, not those that are open.
    pub(super) fn selects_nothing(&self) -> bool {
        self.ledgers.is_empty()
            && self.from.is_none()
            && self.to.is_none()
            && self.last.is_none()
            && !self.include_open
    }

    /// Refuses what cannot be meant, before anything is opened.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(Failure::usage(
                format!("--from {from} is after --to {to}"),
                "both days are included; swap them",
            ));
        }
        let named = |stated: &Stated| (stated.currency.clone(), stated.transaction_type.clone());
        for (index, stated) in self.gateway_totals.iter().enumerate() {
            if self.gateway_totals[..index].iter().any(|other| named(other) == named(stated)) {
                let (currency, transaction_type) = named(stated);
                return Err(Failure::usage(
                    format!("--gateway-total {currency}:{transaction_type} is there twice"),
                    "give one figure for each currency and transaction type",
                ));
            }
        }
        let stdin = self.ledgers.iter().filter(|path| path.as_os_str() == "-").count();
        if stdin > 1 {
            return Err(Failure::usage(
                "stdin can be read once only",
                "name one ledger `-`, and the others by their paths",
            ));
        }
        let without = match (self.wait_ledger_until, self.open_without_ledger) {
            (Some(_), _) if stdin > 0 => {
                return Err(Failure::usage(
                    "--wait-ledger cannot wait for stdin",
                    "name the ledger's file; or leave out --wait-ledger: stdin is read to its end",
                ));
            }
            (Some(_), _) => Some("--wait-ledger needs"),
            (None, true) => Some("--open-without-ledger needs"),
            (None, false) => None,
        };
        if let Some(without) = without.filter(|_| self.ledgers.is_empty()) {
            return Err(Failure::usage(format!("{without} a ledger"), "add --ledger PATH"));
        }
        let expects = self.expect_rows.is_some() || !self.expect_totals.is_empty();
        if expects && self.ledgers.is_empty() {
            return Err(Failure::usage(
                "--expect-rows and --expect-total need a ledger",
                "add --ledger PATH",
            ));
        }
        Ok(())
    }

    /// A report in the place of the database, the ledger or the configuration would be their end.
    pub(super) fn refuse_overwriting(&self, settings: &Settings) -> Result<(), Failure> {
        let Some(target) = &self.report else { return Ok(()) };
        // The other formats and the manifest are beside it.
        let others = ["xlsx", "html", "json"].map(|extension| target.with_extension(extension));
        let places: Vec<PathBuf> =
            others.iter().chain([target]).map(|path| resolved(path)).collect();
        let same = |path: &Path| places.contains(&resolved(path));
        let database = &settings.store.path;
        let companions = ["-wal", "-shm", "-lock"].map(|suffix| {
            let mut name = database.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        });
        let mut kept = self.ledgers.iter().chain([database]).chain(&companions);
        if kept.any(|path| same(path)) || settings.file.as_deref().is_some_and(same) {
            return Err(Failure::usage(
                format!("--report {} is a file that the run itself needs", target.display()),
                "name another file for the report",
            ));
        }
        Ok(())
    }
}

/// A path's one name, whatever links lead to it, also of a file that is not there yet.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).canonicalize();
        match (parent, path.file_name()) {
            (Ok(parent), Some(name)) => parent.join(name),
            _ => path.to_owned(),
        }
    })
}
