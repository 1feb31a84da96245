//! What a ledger says of whole days, and what an earlier one said: the facts behind doubts about
//! the ledger (contract, "Ledger": is it the right ledger, and all of it?).

use super::Store;
use super::error::StoreError;
use super::import::Import;
use super::nights::IS_NIGHT;
use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};

/// Orders of one merchant and transaction type; both empty if they are not given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Series {
    merchant_uid: String,
    transaction_type: String,
}

/// What became of the orders that an earlier ledger gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Comparison {
    /// The run that read the ledger with the first missing order.
    pub(crate) run_id: i64,
    /// By series and day.
    pub(crate) days: BTreeMap<(Series, NaiveDate), Compared>,
    /// The first few missing orders.
    pub(crate) examples: Vec<String>,
}

/// The orders of one series and day of an earlier ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Compared {
    /// Those that should be in this ledger too.
    pub(crate) orders: u64,
    /// Those of them that are not.
    pub(crate) missing: u64,
}

/// Missing orders that a message names.
const MOST_EXAMPLES: usize = 3;

/// Days of orders `e`, of the configured merchant if there is one. Without one, no look at the
/// orders is needed.
const DAYS: &str = "
    SELECT DISTINCT e.order_date AS day FROM entries e WHERE e.order_id > ?1
    UNION SELECT DISTINCT e.order_date FROM temp.merged e";
const DAYS_OF_MERCHANT: &str = "
    SELECT DISTINCT e.order_date AS day FROM entries e JOIN orders o ON o.order_id = e.order_id
    WHERE e.order_id > ?1 AND o.merchant_uid = ?2
    UNION SELECT DISTINCT e.order_date FROM temp.merged e JOIN orders o ON o.order_id = e.order_id
    WHERE o.merchant_uid = ?2";

impl Import<'_> {
    /// The days of which this run's files have an order of the configured merchant.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn given_days(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        let before = self.orders_before;
        self.read(|| match self.merchant() {
            "" => {
                let mut statement = self.connection.prepare(DAYS)?;
                statement.query_map([before], |row| day(row, "day"))?.collect()
            }
            merchant => {
                let mut statement = self.connection.prepare(DAYS_OF_MERCHANT)?;
                statement.query_map(params![before, merchant], |row| day(row, "day"))?.collect()
            }
        })
    }

    /// The first day of which an order of the configured merchant is stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn first_known_day(&self) -> Result<Option<NaiveDate>, StoreError> {
        self.read(|| {
            self.connection
                .query_row(
                    "SELECT e.order_date AS day FROM entries e INDEXED BY entries_date
                     JOIN orders o ON o.order_id = e.order_id
                     WHERE ?1 = '' OR o.merchant_uid = ?1 ORDER BY e.order_date LIMIT 1",
                    [self.merchant()],
                    |row| day(row, "day"),
                )
                .optional()
        })
    }

    /// Whether an order of this day and of the configured merchant is stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn has_orders_of(&self, date: NaiveDate) -> Result<bool, StoreError> {
        self.read(|| {
            self.connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM entries e JOIN orders o ON o.order_id = e.order_id
                                    WHERE e.order_date = ?2
                                      AND (?1 = '' OR o.merchant_uid = ?1)) AS has",
                )?
                .query_row(params![self.merchant(), date.to_string()], |row| row.get("has"))
        })
    }

    /// Keeps the days that this ledger should have had, and gives those that a run of an earlier
    /// day kept already.
    ///
    /// # Errors
    /// The database cannot be written.
    pub(crate) fn keep_doubted_days(
        &self,
        days: &[NaiveDate],
        run_day: NaiveDate,
    ) -> Result<BTreeSet<NaiveDate>, StoreError> {
        self.read(|| {
            let mut known = BTreeSet::new();
            for day in days {
                let (text, run_day) = (day.to_string(), run_day.to_string());
                let is_known: bool = self
                    .connection
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM doubted_days d JOIN runs u USING (run_id)
                                        WHERE d.day = ?1 AND u.run_day < ?2
                                          AND u.merchant_uid = ?3
                                          AND u.judged_at_ms IS NOT NULL) AS is_known",
                    )?
                    .query_row(params![text, run_day, self.merchant()], |row| row.get(0))?;
                if is_known {
                    known.insert(*day);
                }
                self.connection
                    .prepare_cached("INSERT INTO doubted_days (run_id, day) VALUES (?1, ?2)")?
                    .execute(params![self.run_id, text])?;
            }
            Ok(known)
        })
    }

    /// Whether no earlier run read a ledger with the same kind of selection for the same merchant.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn is_first_of_its_kind(&self) -> Result<bool, StoreError> {
        self.read(|| Ok(earlier_runs(self.connection, self.run_id)?.is_empty()))
    }

    /// The latest judged run of this merchant that read a ledger, and its day.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn last_ledger(&self) -> Result<Option<(i64, NaiveDate)>, StoreError> {
        self.read(|| {
            self.connection
                .query_row(
                    "SELECT r.run_id AS run_id, r.run_day AS day FROM runs r
                     WHERE r.run_id < ?1 AND r.merchant_uid = ?2 AND r.judged_at_ms IS NOT NULL
                       AND EXISTS (SELECT 1 FROM ledger_files f WHERE f.run_id = r.run_id)
                     ORDER BY r.run_id DESC LIMIT 1",
                    params![self.run_id, self.merchant()],
                    |row| Ok((row.get("run_id")?, day(row, "day")?)),
                )
                .optional()
        })
    }

    /// As [`Store::compare_with_earlier`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn compare_with_earlier(&self) -> Result<Option<Comparison>, StoreError> {
        self.read(|| compare_with_earlier(self.connection, self.run_id))
    }

    fn merchant(&self) -> &str {
        self.selection.merchant_uid.as_deref().unwrap_or_default()
    }

    fn read<T>(&self, facts: impl FnOnce() -> rusqlite::Result<T>) -> Result<T, StoreError> {
        facts().map_err(|error| StoreError::sqlite(&self.path, &error))
    }
}

impl Store {
    /// Compares the ledger of a run with the latest earlier one of the same kind of selection and
    /// the same merchant, by the orders that the two runs selected. Orders that were pending or
    /// failed then may be left out now, and so may those outside the first and last day of their
    /// series in the newer ledger. It takes about a microsecond an order, so it is no work for the
    /// time before the first call.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn compare_with_earlier(
        &self,
        run_id: i64,
    ) -> Result<Option<Comparison>, StoreError> {
        compare_with_earlier(&self.connection, run_id).map_err(|error| self.error(&error))
    }
}

impl Store {
    /// The latest night that read a ledger, and the names of its files as they were given.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn latest_ledger_names(
        &self,
        merchant_uid: Option<&str>,
    ) -> Result<Option<(i64, Vec<String>)>, StoreError> {
        let latest = [
            "SELECT run_id, name FROM ledger_files
             WHERE run_id = (SELECT max(run_id) FROM runs WHERE ",
            IS_NIGHT,
            "                    AND (?1 IS NULL OR merchant_uid = ?1)
                                AND run_id IN (SELECT run_id FROM ledger_files))
             ORDER BY file_id",
        ];
        let read = || -> rusqlite::Result<Vec<(i64, String)>> {
            let mut statement = self.connection.prepare(&latest.concat())?;
            statement
                .query_map([merchant_uid], |row| Ok((row.get("run_id")?, row.get("name")?)))?
                .collect()
        };
        let files = read().map_err(|error| self.error(&error))?;
        let run_id = files.first().map(|(run_id, _)| *run_id);
        Ok(run_id.map(|run_id| (run_id, files.into_iter().map(|(_, name)| name).collect())))
    }
}

fn compare_with_earlier(
    connection: &Connection,
    run_id: i64,
) -> rusqlite::Result<Option<Comparison>> {
    let mut ranges = ranges(connection, run_id)?;
    let mut comparison: Option<Comparison> = None;
    // Two exports may be read in two runs of a night: each series is compared with the latest run
    // that has one like it.
    for earlier in earlier_runs(connection, run_id)? {
        if ranges.is_empty() {
            break;
        }
        let comparison = comparison.get_or_insert_with(Comparison::default);
        for found in compare(connection, (run_id, earlier), &ranges, comparison)? {
            ranges.remove(&found);
        }
    }
    Ok(comparison)
}

/// Compares these series of a run with an earlier run, and gives those that the earlier run has.
fn compare(
    connection: &Connection,
    (run_id, earlier): (i64, i64),
    ranges: &BTreeMap<Series, (NaiveDate, NaiveDate)>,
    comparison: &mut Comparison,
) -> rusqlite::Result<BTreeSet<Series>> {
    // An order that this ledger gave with another date or merchant was not selected, but its entry
    // is of this run.
    let mut statement = connection.prepare_cached(
        "SELECT o.merchant_uid AS merchant_uid, o.merchant_order_id AS merchant_order_id,
                coalesce(e.transaction_type, '') AS transaction_type, e.order_date AS day,
                n.order_id IS NULL
                AND NOT EXISTS (SELECT 1 FROM entries x
                                JOIN ledger_files f ON f.file_id = x.file_id
                                WHERE x.order_id = r.order_id AND f.run_id = ?1) AS is_missing
         FROM run_orders r
         CROSS JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
         CROSS JOIN orders o ON o.order_id = r.order_id
         LEFT JOIN run_orders n ON n.run_id = ?1 AND n.order_id = r.order_id AND n.carried = 0
         WHERE r.run_id = ?2 AND r.carried = 0
           AND coalesce(e.status, '') NOT IN ('pending', 'failed')
         ORDER BY r.order_id",
    )?;
    let mut rows = statement.query([run_id, earlier])?;
    let mut found = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (series, date) = (series(row)?, day(row, "day")?);
        let Some((first, last)) = ranges.get(&series) else { continue };
        if !found.contains(&series) {
            found.insert(series.clone());
        }
        if !(first..=last).contains(&&date) {
            continue;
        }
        let compared = comparison.days.entry((series, date)).or_default();
        compared.orders += 1;
        if row.get("is_missing")? {
            compared.missing += 1;
            if comparison.examples.is_empty() {
                comparison.run_id = earlier;
            }
            if comparison.examples.len() < MOST_EXAMPLES {
                comparison.examples.push(row.get("merchant_order_id")?);
            }
        }
    }
    Ok(found)
}

/// The latest judged runs before this one that read a ledger, with the same kind of selection and
/// merchant, the latest first.
fn earlier_runs(connection: &Connection, run_id: i64) -> rusqlite::Result<Vec<i64>> {
    const MOST: i64 = 7;
    connection
        .prepare_cached(
            "SELECT e.run_id AS run_id FROM runs u
             JOIN runs e ON e.run_id < u.run_id AND e.selection_kind = u.selection_kind
                        AND e.merchant_uid = u.merchant_uid
             WHERE u.run_id = ?1 AND e.judged_at_ms IS NOT NULL
             ORDER BY e.run_id DESC LIMIT ?2",
        )?
        .query_map([run_id, MOST], |row| row.get("run_id"))?
        .collect()
}

/// The first and last day of each series of the orders that a run selected from its ledger.
fn ranges(
    connection: &Connection,
    run_id: i64,
) -> rusqlite::Result<BTreeMap<Series, (NaiveDate, NaiveDate)>> {
    let mut statement = connection.prepare(
        "SELECT o.merchant_uid AS merchant_uid,
                coalesce(e.transaction_type, '') AS transaction_type,
                min(e.order_date) AS first, max(e.order_date) AS last
         FROM run_orders r
         CROSS JOIN entries e ON e.order_id = r.order_id AND e.version = r.entry_version
         CROSS JOIN orders o ON o.order_id = r.order_id
         WHERE r.run_id = ?1 AND r.carried = 0 GROUP BY 1, 2",
    )?;
    let rows = statement
        .query_map([run_id], |row| Ok((series(row)?, (day(row, "first")?, day(row, "last")?))))?;
    rows.collect()
}

fn series(row: &rusqlite::Row) -> rusqlite::Result<Series> {
    Ok(Series {
        merchant_uid: row.get("merchant_uid")?,
        transaction_type: row.get("transaction_type")?,
    })
}

fn day(row: &rusqlite::Row, column: &str) -> rusqlite::Result<NaiveDate> {
    super::decode::date(row, column)
}
