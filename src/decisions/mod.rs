//! Finance's decisions back from edited reports (contract, "Decisions": taking back).
//!
//! Three steps, so that the caller can stop after each:
//! - [`candidates`] and [`open`] find a file and give the SHA-256 of its bytes. The caller skips
//!   what the program wrote itself and what was read before; nothing is parsed until then.
//! - [`read`] gives the rows that carry mismatch ids, from a CSV or from each sheet of a workbook.
//! - [`compare`] holds a row against what the program wrote for it, and gives the cells that a
//!   person has changed.
//!
//! Anybody who may write into the output directory can put a file there, so nothing of a file is
//! believed: it is opened once, only as a regular file, and everything in it is bounded. Formulas
//! are not computed and nothing external is opened.
//!
//! There is no database here: the caller knows what a run wrote, who else changed a decision, and
//! whether a decision can be taken.

mod cell;
mod compare;
mod csv;
mod dates;
mod dialect;
mod files;
mod numbers;
mod table;
#[cfg(test)]
mod tests;
mod workbook;

pub(crate) use cell::{Cell, EditedFile, EditedRow};
pub(crate) use compare::{Comparison, Written, compare};
pub(crate) use dates::may_be as may_be_date;
pub(crate) use files::{Unreadable, Why, bytes, candidates, every_row, open, read};
