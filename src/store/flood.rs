//! What the flood guard compares (contract, "Mismatches"): whether a gateway knows any of a run's
//! orders, and how many orders newly had a mismatch in the runs before.

use super::Store;
use super::decode::{date, kind};
use super::error::StoreError;
use super::figures::count;
use super::judging::Judging;
use crate::domain::mismatch::{Kind, Share, Shares};
use crate::domain::text::Text;
use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A run whose answers all say "no such order".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllMissing {
    /// Orders that were asked.
    pub(crate) asked: u64,
    /// Orders that were answered.
    pub(crate) answered: u64,
    /// What the gateway said of one of them.
    pub(crate) words: Text,
}

impl Store {
    /// What a run came to, if it has answers, all of them are "no such order", and its gateway has
    /// never known an order of its merchant.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn all_missing(&self, run_id: i64) -> Result<Option<AllMissing>, StoreError> {
        self.read_all_missing(run_id).map_err(|error| self.error(&error))
    }

    fn read_all_missing(&self, run_id: i64) -> rusqlite::Result<Option<AllMissing>> {
        let sql = "SELECT EXISTS (
                 SELECT 1 FROM runs u
                 JOIN runs other ON other.base_url = u.base_url
                     AND other.merchant_uid = u.merchant_uid
                 CROSS JOIN run_orders r ON r.run_id = other.run_id
                 CROSS JOIN answers a ON a.answer_id = r.answer_id AND a.kind = 'payment'
                 WHERE u.run_id = ?1)";
        if self.connection.query_row(sql, [run_id], |row| row.get(0))? {
            return Ok(None);
        }
        self.connection.query_row(
            "SELECT count(*) AS asked, count(r.answer_id) AS answered, max(a.evidence) AS words
             FROM run_orders r LEFT JOIN answers a ON a.answer_id = r.answer_id
             WHERE r.run_id = ?1 AND r.tries > 0",
            params![run_id],
            |row| {
                let words: Option<String> = row.get("words")?;
                let asked: i64 = row.get("asked")?;
                let answered: i64 = row.get("answered")?;
                Ok(words.map(|words| AllMissing {
                    asked: asked.unsigned_abs(),
                    answered: answered.unsigned_abs(),
                    words: Text::foreign(&words),
                }))
            },
        )
    }
}

/// What the runs before newly found.
#[derive(Debug, Clone, Default)]
pub(crate) struct EarlierShares {
    /// Of the latest runs that were not suspect, each one's shares.
    runs: Vec<Shares>,
    /// Kinds that were suspect in the run before.
    pub(crate) suspect_before: BTreeSet<Kind>,
}

impl EarlierShares {
    /// The shares of one kind. A run without a new finding has the share zero.
    pub(crate) fn of(&self, kind: Kind) -> Vec<Share> {
        self.runs.iter().map(|run| run.get(&kind).copied().unwrap_or_default()).collect()
    }
}

/// The judged runs before a run, of the same kind of selection and merchant: `p`. A run of an
/// address that was wrong is compared with those before it, so the address does not matter.
macro_rules! runs_before {
    () => {
        "FROM runs u
         JOIN runs p ON p.run_id < u.run_id AND p.judged_at_ms IS NOT NULL
                    AND p.merchant_uid = u.merchant_uid
                    AND p.selection_kind IS u.selection_kind
         WHERE u.run_id = ?1 "
    };
}

impl Store {
    /// What the latest runs before this one newly found, at most `runs` of them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn earlier_shares(
        &self,
        run_id: i64,
        runs: usize,
    ) -> Result<EarlierShares, StoreError> {
        self.read_earlier_shares(run_id, runs).map_err(|error| self.error(&error))
    }

    fn read_earlier_shares(&self, run_id: i64, runs: usize) -> rusqlite::Result<EarlierShares> {
        let mut statement = self.connection.prepare_cached(concat!(
            "SELECT p.run_id AS run_id ",
            runs_before!(),
            "AND NOT EXISTS (SELECT 1 FROM new_findings s
                             WHERE s.run_id = p.run_id AND s.is_suspect = 1)
             ORDER BY p.run_id DESC LIMIT ?2"
        ))?;
        let limit = i64::try_from(runs).unwrap_or(i64::MAX);
        let earlier: Vec<i64> = statement
            .query_map([run_id, limit], |row| row.get("run_id"))?
            .collect::<rusqlite::Result<_>>()?;
        let shares = |run_id| Ok(new_findings(&self.connection, run_id)?.0);
        let runs = earlier.into_iter().map(shares).collect::<rusqlite::Result<_>>()?;
        let suspect_before = match suspect_run(&self.connection, run_id)? {
            Some(run_id) => new_findings(&self.connection, run_id)?.1,
            None => BTreeSet::new(),
        };
        Ok(EarlierShares { runs, suspect_before })
    }
}

/// What a run newly found, and which of it was suspect.
fn new_findings(
    connection: &Connection,
    run_id: i64,
) -> rusqlite::Result<(Shares, BTreeSet<Kind>)> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM new_findings WHERE run_id = ?1")?;
    let mut rows = statement.query([run_id])?;
    let (mut shares, mut suspect) = (Shares::new(), BTreeSet::new());
    while let Some(row) = rows.next()? {
        let kind = kind(row)?;
        let (newly_found, without) = (count(row, "newly_found")?, count(row, "without")?);
        shares.insert(kind, Share { newly_found, without });
        if row.get("is_suspect")? {
            suspect.insert(kind);
        }
    }
    Ok((shares, suspect))
}

/// The run before, if findings of it are suspect.
pub(super) fn suspect_run(connection: &Connection, run_id: i64) -> rusqlite::Result<Option<i64>> {
    let before: Option<(i64, bool)> = connection
        .prepare_cached(concat!(
            "SELECT p.run_id AS run_id,
                    EXISTS (SELECT 1 FROM new_findings s
                            WHERE s.run_id = p.run_id AND s.is_suspect = 1) AS is_suspect ",
            runs_before!(),
            "ORDER BY p.run_id DESC LIMIT 1"
        ))?
        .query_row([run_id], |row| Ok((row.get("run_id")?, row.get("is_suspect")?)))
        .optional()?;
    Ok(before.filter(|(_, is_suspect)| *is_suspect).map(|(run_id, _)| run_id))
}

/// The suspect findings that a run reported of orders after the first and up to the last one: kind,
/// and since when.
pub(super) fn suspect_findings(
    connection: &Connection,
    run_id: Option<i64>,
    (after, last): (i64, i64),
) -> rusqlite::Result<HashMap<i64, BTreeMap<Kind, NaiveDate>>> {
    let mut findings: HashMap<i64, BTreeMap<Kind, NaiveDate>> = HashMap::new();
    let Some(run_id) = run_id else { return Ok(findings) };
    let mut statement = connection.prepare_cached(
        "SELECT order_id, kind, first_seen FROM reported_mismatches
         WHERE run_id = ?1 AND order_id > ?2 AND order_id <= ?3 AND is_suspect = 1",
    )?;
    let mut rows = statement.query([run_id, after, last])?;
    while let Some(row) = rows.next()? {
        let order = findings.entry(row.get("order_id")?).or_default();
        order.insert(kind(row)?, date(row, "first_seen")?);
    }
    Ok(findings)
}

impl Judging<'_> {
    /// Keeps on how many orders each kind is newly found, and which kinds are suspect.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn keep_shares(
        &self,
        shares: &Shares,
        suspect: &BTreeSet<Kind>,
    ) -> Result<(), StoreError> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let keep = |(kind, share): (&Kind, &Share)| {
            self.transaction
                .prepare_cached(
                    "INSERT INTO new_findings (run_id, kind, newly_found, without, is_suspect)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    self.run_id,
                    kind.as_str(),
                    number(share.newly_found),
                    number(share.without),
                    suspect.contains(kind)
                ])
                .map(|_| ())
        };
        shares.iter().try_for_each(keep).map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}
