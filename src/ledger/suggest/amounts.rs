//! How a column writes amounts: the formats that read its cells. Every cell is read by every
//! format, with the reader's own function, so that what is proposed and what is read cannot differ.

use super::habit::{Example, Words};
use crate::domain::amount::Amount;
use crate::tabular::{NumberFormat, NumberHint, read_number};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Cells that two formats read as different amounts are remembered, up to this many.
const MOST_DOUBTS: usize = 16;

/// Separators: thousands, decimals.
pub(super) type Separators = (Option<char>, char);

/// The contract's own separators come first, then the usual ones of other places. Formats that
/// read the same cells as the same amounts are taken in this order.
const SEPARATORS: [Separators; 12] = [
    (None, '.'),
    (Some(','), '.'),
    (None, ','),
    (Some('.'), ','),
    (Some(' '), '.'),
    (Some(' '), ','),
    (Some('\u{a0}'), '.'),
    (Some('\u{a0}'), ','),
    (Some('\u{202f}'), ','),
    (Some('\''), '.'),
    (Some('\u{2019}'), '.'),
    (Some('\u{202f}'), '.'),
];

/// What the cells of one column say as amounts.
#[derive(Debug, Clone)]
pub(super) struct Amounts {
    formats: [Candidate; SEPARATORS.len()],
    /// Cells that at least one format reads.
    pub(super) read: u64,
    /// Cells that are not empty and that no format reads.
    pub(super) unreadable: u64,
    /// Cells that are read and are not zero.
    pub(super) not_zero: u64,
    /// The first cell with a minus, and how many.
    pub(super) negative: Example,
    /// The first cell that is read only where amounts may have a sign, and how many.
    pub(super) signed: Example,
    /// The first cell with a currency beside its number, and how many.
    pub(super) with_currency: Example,
    /// The currencies beside the numbers.
    pub(super) currencies: Words,
    /// The first cell with more than six decimals, and how many.
    pub(super) long: Example,
    /// Cells with a decimal other than zero, or with written decimals.
    pub(super) with_decimals: u64,
    /// Cells that two formats read as different amounts.
    doubts: Vec<(u64, String)>,
    /// The cell that left no format.
    contradiction: Option<(u64, String)>,
}

/// One format, as far as the cells have come.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    separators: Separators,
    is_alive: bool,
    /// Over the amounts that it has read.
    digest: u64,
}

/// What a column's amounts look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Habit {
    /// The first of the formats that read each cell, all as the same amounts.
    One(Separators),
    /// Formats that read each cell, but not as the same amounts; and a cell on which they differ.
    Ambiguous {
        /// The formats, each with what it makes of the cell.
        formats: Vec<(Separators, String)>,
        /// The line and the cell.
        cell: (u64, String),
    },
    /// Each cell is read by a format, but not all by the same one. The line and the cell that
    /// contradicts those before it.
    Contradicted(u64, String),
    /// No amounts.
    None,
}

impl Default for Amounts {
    fn default() -> Amounts {
        Amounts {
            formats: SEPARATORS.map(|separators| Candidate {
                separators,
                is_alive: true,
                digest: 0,
            }),
            read: 0,
            unreadable: 0,
            not_zero: 0,
            negative: Example::default(),
            signed: Example::default(),
            with_currency: Example::default(),
            currencies: Words::default(),
            long: Example::default(),
            with_decimals: 0,
            doubts: Vec::new(),
            contradiction: None,
        }
    }
}

impl Amounts {
    /// Reads one cell in every format that has read all cells so far.
    pub(super) fn see(&mut self, line: u64, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() || self.is_hopeless() {
            return;
        }
        if !cell.bytes().any(|byte| byte.is_ascii_digit()) {
            self.unreadable += 1;
            return;
        }
        let of = |format: Candidate| read(cell, format.separators);
        let alive = |format: Candidate| if format.is_alive { of(format) } else { None };
        let mut readings = self.formats.map(alive);
        if readings.iter().all(Option::is_none) {
            readings = self.formats.map(of);
        }
        let Some(first) = readings.iter().flatten().next().copied() else {
            self.unreadable += 1;
            if self.formats.iter().any(|format| is_long(cell, format.separators)) {
                self.long.see(line, cell);
            }
            return;
        };
        self.read += 1;
        self.not_zero += u64::from(!first.amount.is_zero());
        if first.amount.is_negative() {
            self.negative.see(line, cell);
        }
        if first.needs_sign {
            self.signed.see(line, cell);
        }
        if !first.currency.is_empty() {
            self.with_currency.see(line, cell);
            self.currencies.see(line, first.currency);
        }
        self.with_decimals += u64::from(has_decimals(cell));
        self.eliminate(line, cell, &readings);
    }

    fn eliminate(&mut self, line: u64, cell: &str, readings: &[Option<Reading<'_>>]) {
        let survives =
            |format: &Candidate, reading: &Option<Reading>| format.is_alive && reading.is_some();
        let pairs = || self.formats.iter().zip(readings);
        if !pairs().any(|(format, reading)| survives(format, reading)) {
            // The formats stay as they were: the cell contradicts those before it.
            self.contradiction.get_or_insert((line, cell.to_owned()));
            return;
        }
        let amounts = || {
            pairs()
                .filter(|(format, reading)| survives(format, reading))
                .filter_map(|(_, reading)| reading.map(|reading| reading.amount))
        };
        let differ = amounts().min() != amounts().max();
        let is_known = |known: &(u64, String)| shape(&known.1) == shape(cell);
        if differ && self.doubts.len() < MOST_DOUBTS && !self.doubts.iter().any(is_known) {
            self.doubts.push((line, cell.to_owned()));
        }
        for (format, reading) in self.formats.iter_mut().zip(readings) {
            format.is_alive &= reading.is_some();
            if let Some(reading) = reading {
                format.digest = digest(format.digest, reading.amount.micros());
            }
        }
    }

    /// The cells of two columns that are written in the same way.
    pub(super) fn with(&self, other: &Amounts) -> Amounts {
        let mut both = self.clone();
        for (format, other) in both.formats.iter_mut().zip(&other.formats) {
            format.is_alive &= other.is_alive;
            format.digest = digest(format.digest, other.digest);
        }
        both.read += other.read;
        both.unreadable += other.unreadable;
        both.not_zero += other.not_zero;
        both.with_decimals += other.with_decimals;
        for (example, other) in [
            (&mut both.negative, &other.negative),
            (&mut both.signed, &other.signed),
            (&mut both.with_currency, &other.with_currency),
            (&mut both.long, &other.long),
        ] {
            example.add(other);
        }
        both.currencies.add(&other.currencies);
        both.doubts.extend(other.doubts.iter().cloned());
        both.contradiction = both.contradiction.or_else(|| other.contradiction.clone());
        if !both.formats.iter().any(|format| format.is_alive) {
            let cell = || both.doubts.first().cloned().unwrap_or_default();
            both.contradiction = both.contradiction.clone().or_else(|| Some(cell()));
        }
        both
    }

    /// Whether the column is so clearly none of amounts that reading on is of no use.
    fn is_hopeless(&self) -> bool {
        self.read == 0 && self.unreadable > 64
    }

    /// Whether most of its cells are amounts.
    pub(super) fn are_amounts(&self) -> bool {
        self.read > self.unreadable
    }

    /// The formats that read each cell.
    pub(super) fn habit(&self) -> Habit {
        if self.read == 0 {
            return Habit::None;
        }
        if let Some((line, cell)) = self.contradiction.clone() {
            return Habit::Contradicted(line, cell);
        }
        let alive = || self.formats.iter().filter(|format| format.is_alive);
        let Some(first) = alive().next() else { return Habit::None };
        if alive().all(|format| format.digest == first.digest) {
            return Habit::One(first.separators);
        }
        let mut formats: Vec<&Candidate> = Vec::new();
        for format in alive() {
            if !formats.iter().any(|other| other.digest == format.digest) {
                formats.push(format);
            }
        }
        let reading = |format: &Candidate, cell: &str| {
            read(cell, format.separators).map(|reading| reading.amount)
        };
        let (first, second) = (formats.first(), formats.get(1));
        let telling = self.doubts.iter().find(|(_, cell)| {
            let of = |format: Option<&&Candidate>| format.and_then(|format| reading(format, cell));
            of(first) != of(second)
        });
        let cell = telling.cloned().unwrap_or_default();
        let shown = |format: &&Candidate| {
            let amount = reading(format, &cell.1).map(|amount| amount.to_string());
            (format.separators, amount.unwrap_or_default())
        };
        Habit::Ambiguous { formats: formats.iter().map(shown).collect(), cell }
    }
}

/// What one format makes of a cell.
#[derive(Debug, Clone, Copy)]
struct Reading<'a> {
    /// With its sign.
    amount: Amount,
    needs_sign: bool,
    /// What stands beside the number.
    currency: &'a str,
}

/// The format with these separators.
fn format((thousands_separator, decimal_separator): Separators) -> NumberFormat {
    NumberFormat {
        thousands_separator,
        decimal_separator,
        signed: false,
        with_currency: false,
        round: None,
    }
}

/// Reads a cell with these separators. A sign or a currency is read only where there is one.
fn read(cell: &str, separators: Separators) -> Option<Reading<'_>> {
    let plain = format(separators);
    [(false, false), (true, false), (false, true), (true, true)].into_iter().find_map(
        |(signed, with_currency)| {
            let format = NumberFormat { signed, with_currency, ..plain };
            let number = read_number(cell, format).ok()??;
            let (size, _) = number.size(None, format).ok()?;
            let amount = if number.negative { -size } else { size };
            Some(Reading { amount, needs_sign: signed, currency: number.currency })
        },
    )
}

/// Whether the cell is a number with more decimals than an amount has.
fn is_long(cell: &str, separators: Separators) -> bool {
    let format = NumberFormat { signed: true, with_currency: true, ..format(separators) };
    let number = read_number(cell, format).ok().flatten();
    let error = number.and_then(|number| number.size(None, format).err());
    error.is_some_and(|error| error.hint == Some(NumberHint::Round))
}

/// A digest of another value and all those before it.
fn digest(before: u64, value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (before, value).hash(&mut hasher);
    hasher.finish()
}

/// The amount of a cell in a format that is known to be the column's.
pub(super) fn amount_of(cell: &str, separators: Separators) -> Option<Amount> {
    read(cell.trim(), separators).map(|reading| reading.amount)
}

/// Whether a cell is written with decimals: one or two digits behind its last separator, or more
/// than a group has.
fn has_decimals(cell: &str) -> bool {
    let number = cell.trim_matches(|character: char| !character.is_ascii_digit());
    let decimals = number.rsplit_once(['.', ',']).map(|(_, decimals)| decimals.len());
    decimals.is_some_and(|decimals| decimals != 3)
}

/// A cell with each of its digits as 9: cells of one shape are read in the same way.
fn shape(cell: &str) -> String {
    cell.chars().map(|character| if character.is_ascii_digit() { '9' } else { character }).collect()
}
