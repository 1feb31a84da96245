//! Comparing what is stored of a run with its digests (contract, exit code 15). It only reads.

use super::Store;
use super::digests::{Range, Sum, Thousand, all, chained, orders_sum, run_sum, whole_sum};
use super::error::StoreError;
use super::hashed::{OF_ORDERS, SOLVED, add_rows};
use super::prune;
use super::summing::sums;
use crate::domain::mismatch::Outcome;
use crate::domain::text::{grouped, printable};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What came of comparing a run's rows with its digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckedRows {
    /// They are what the run recorded.
    Same,
    /// There is nothing to compare with: an earlier release judged the run, or nobody did.
    WithoutDigest,
}

/// The first thing that is not what the run recorded, as a sentence.
type Complaint = String;

impl Store {
    /// Compares everything that a run rests on, and all that it reports, with the digests that were
    /// made when it was judged.
    ///
    /// # Errors
    /// The rows are not what the run recorded or were pruned, or the database cannot be read.
    pub(crate) fn check_rows(&self, run_id: i64) -> Result<CheckedRows, StoreError> {
        prune::refuse(self, run_id)?;
        let path = self.path.clone();
        match check(&self.connection, run_id).map_err(|error| self.error(&error))? {
            Ok(checked) => Ok(checked),
            Err(what) => Err(StoreError::Changed { path, what }),
        }
    }
}

/// What differs.
struct Different {
    /// What it is about.
    what: String,
    /// Whether that is a word in the singular.
    is_one: bool,
}

impl Different {
    fn text(&self, others: u64) -> Complaint {
        let verb = if self.is_one { "is" } else { "are" };
        let others = match others {
            0 => String::new(),
            1 => ", and one other thousand,".to_owned(),
            others => format!(", and {others} other thousands,"),
        };
        format!("{}{others} {verb} not what the run recorded", self.what)
    }
}

fn check(connection: &Connection, run_id: i64) -> rusqlite::Result<Result<CheckedRows, Complaint>> {
    let run: Option<(Option<String>, bool)> = connection
        .query_row("SELECT rows_sha256, is_resumed FROM runs WHERE run_id = ?1", [run_id], |row| {
            Ok((row.get("rows_sha256")?, row.get("is_resumed")?))
        })
        .optional()?;
    let digests = all(connection, run_id)?;
    let (in_one, is_resumed) = match run {
        Some((Some(in_one), is_resumed)) => (in_one, is_resumed),
        Some((None, _)) if !digests.is_empty() => {
            return Ok(Err(format!("the digest of all rows of run {run_id} is gone")));
        }
        _ => return Ok(Ok(CheckedRows::WithoutDigest)),
    };
    let mut comparison = Comparison::new(connection, run_id, is_resumed);
    if let Some(complaint) = comparison.compare_all(&digests)? {
        return Ok(Err(complaint));
    }
    let Comparison { chain_stored, chain_found, different, others, .. } = comparison;
    let is_all = |chain: Sum| hex::encode(chain) == in_one;
    Ok(match different {
        // The rows give what the run recorded: it is the digest that changed.
        Some(different) if is_all(chain_found) => {
            Err(format!("the digest of {} was changed", different.what))
        }
        Some(different) => Err(different.text(others)),
        None if is_all(chain_stored) => Ok(CheckedRows::Same),
        None => Err(format!("the digest of all rows of run {run_id} was changed")),
    })
}

/// A comparison on its way through the digests of a run.
struct Comparison<'a> {
    connection: &'a Connection,
    run_id: i64,
    /// See `runs.is_resumed`.
    is_resumed: bool,
    /// The digests of thousands that are known already.
    made: BTreeMap<i64, Sum>,
    /// Orders up to this id are compared.
    after: i64,
    /// How many there are.
    orders: i64,
    /// The stored digests in one, and those that the rows give now.
    chain_stored: Sum,
    chain_found: Sum,
    /// The first that differs.
    different: Option<Different>,
    /// How many others differ.
    others: u64,
}

impl Comparison<'_> {
    fn new(connection: &Connection, run_id: i64, is_resumed: bool) -> Comparison<'_> {
        Comparison {
            connection,
            run_id,
            is_resumed,
            made: BTreeMap::new(),
            after: i64::MIN,
            orders: 0,
            chain_stored: Sum::default(),
            chain_found: Sum::default(),
            different: None,
            others: 0,
        }
    }

    /// Compares all digests. Gives a complaint where one of them is not there.
    fn compare_all(&mut self, digests: &[(Thousand, Sum)]) -> rusqlite::Result<Option<Complaint>> {
        for (number, &(thousand, stored)) in (0..).zip(digests) {
            if thousand.number != number {
                return Ok(Some(self.gone(number)));
            }
            if number == 0 {
                self.compare_run(stored)?;
                self.made = sums(self.connection, self.run_id, &with_ranges(digests));
            } else {
                self.compare(thousand, stored)?;
            }
        }
        if digests.is_empty() {
            return Ok(Some(self.gone(0)));
        }
        let has_more = self.different.is_none() && self.rows_behind()? > 0;
        let number = i64::try_from(digests.len()).unwrap_or(i64::MAX);
        Ok(has_more.then(|| self.gone(number)))
    }

    /// The digest of the run itself.
    fn compare_run(&mut self, stored: Sum) -> rusqlite::Result<()> {
        // A run that was resumed has made more calls, and may have more warnings and decisions.
        let found = if self.is_resumed { stored } else { run_sum(self.connection, self.run_id)? };
        (self.chain_stored, self.chain_found) = (stored, found);
        if found != stored {
            let what = itself(self.run_id);
            self.different = Some(Different { what, is_one: true });
        }
        Ok(())
    }

    /// The digest of a thousand.
    fn compare(&mut self, thousand: Thousand, stored: Sum) -> rusqlite::Result<()> {
        let Comparison { connection, run_id, .. } = *self;
        // From the end of the thousand before: a row in between is of neither.
        let range = (self.after, thousand.last_order_id);
        let mut found = match self.made.get(&thousand.number) {
            Some(made) if *made == stored => *made,
            _ => {
                let begun = orders_sum(connection, run_id, range)?;
                whole_sum(connection, run_id, thousand, range, begun)?
            }
        };
        if found != stored && self.is_resumed && has_unverified(connection, run_id, range)? {
            found = stored;
        }
        self.chain_stored = chained(self.chain_stored, stored);
        self.chain_found = chained(self.chain_found, found);
        if found != stored {
            if self.different.is_none() {
                self.different = Some(self.named(thousand)?);
            } else {
                self.others += 1;
            }
        }
        self.after = thousand.last_order_id;
        self.orders = self.orders.saturating_add(thousand.orders);
        Ok(())
    }

    /// A digest that is not there.
    fn gone(&self, number: i64) -> Complaint {
        let run_id = self.run_id;
        if number == 0 {
            return format!("the digest of {} is gone", itself(run_id));
        }
        let first = shown(self.orders.saturating_add(1));
        format!("orders {first} and later of run {run_id} have no digest")
    }

    /// A thousand by its orders.
    fn named(&self, thousand: Thousand) -> rusqlite::Result<Different> {
        let Comparison { connection, run_id, orders: before, .. } = *self;
        let Thousand { first_order_id, last_order_id, orders, .. } = thousand;
        let (first, last) = (before.saturating_add(1), before.saturating_add(orders));
        let name = |order_id: i64| -> rusqlite::Result<String> {
            let name: Option<String> = connection
                .query_row(
                    "SELECT merchant_order_id FROM orders WHERE order_id = ?1",
                    [order_id],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(name.map_or("?".to_owned(), |name| format!("\"{}\"", printable(&name))))
        };
        let (from, to) = (name(first_order_id)?, name(last_order_id)?);
        let is_one = first == last;
        let what = if is_one {
            format!("order {} of run {run_id} ({from})", shown(first))
        } else {
            let (first, last) = (shown(first), shown(last));
            format!("orders {first} to {last} of run {run_id} (from {from} to {to})")
        };
        Ok(Different { what, is_one })
    }

    /// Rows of orders behind the last thousand.
    fn rows_behind(&self) -> rusqlite::Result<u64> {
        let mut rows = 0;
        for sql in OF_ORDERS.iter().chain([&*SOLVED]) {
            let range = [self.run_id, self.after, i64::MAX];
            rows += add_rows(&mut Sha256::new(), self.connection, sql, range)?;
        }
        Ok(rows)
    }
}

/// The thousands, each with the orders that it has to cover: from the end of the thousand before.
fn with_ranges(digests: &[(Thousand, Sum)]) -> Vec<(Thousand, Range)> {
    let from = |after: &mut i64, (thousand, _): &(Thousand, Sum)| {
        let range = (*after, thousand.last_order_id);
        *after = thousand.last_order_id;
        Some((*thousand, range))
    };
    digests.iter().skip(1).scan(i64::MIN, from).collect()
}

/// Whether any of these orders was judged without an answer.
fn has_unverified(
    connection: &Connection,
    run_id: i64,
    (after, last): Range,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM run_orders
             WHERE run_id = ?1 AND order_id > ?2 AND order_id <= ?3 AND outcome = ?4",
        )?
        .exists(params![run_id, after, last, Outcome::Unverified.number()])
}

fn itself(run_id: i64) -> String {
    format!("run {run_id} itself (its figures, files, warnings, invalid rows or decisions)")
}

fn shown(number: i64) -> String {
    grouped(&number.to_string())
}
