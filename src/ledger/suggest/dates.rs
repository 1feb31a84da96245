//! How a column writes dates: the formats that read its cells. A format is made from the shape of a
//! cell, and each cell of that shape is read with the reader's own function.

use super::habit::Example;
use super::shapes::{Order, formats_of, shape_of};
use crate::tabular::{DateFormat, Dates, Zones};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Cells of more shapes than this are no dates.
const MOST_SHAPES: usize = 12;

/// What the cells of one column say as dates.
#[derive(Debug, Clone)]
pub(super) struct DatesSeen {
    shapes: BTreeMap<String, Shape>,
    /// Cells that at least one format reads.
    pub(super) read: u64,
    /// The first cell that no format reads, and how many.
    pub(super) unreadable: Example,
    /// Cells without an offset.
    pub(super) without_offset: u64,
    /// Cells with a time of day.
    pub(super) with_time: u64,
    now: DateTime<Utc>,
}

/// The cells of one shape.
#[derive(Debug, Clone)]
struct Shape {
    formats: Vec<Candidate>,
    example: Example,
    /// The time of day beside it.
    example_time: String,
    /// The first cell that the remaining formats do not read, though another one did.
    contradiction: Option<(u64, String)>,
}

#[derive(Debug, Clone)]
struct Candidate {
    order: Order,
    /// `None`: the formats that are read without configuration.
    format: Option<DateFormat>,
    is_alive: bool,
}

/// What one format makes of a cell.
#[derive(Debug, Clone, Copy)]
struct Reading {
    with_offset: bool,
    with_time: bool,
    /// It is more than a year in the future.
    is_far_ahead: bool,
}

/// What a column's dates look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Habit {
    /// Read without configuration.
    Usual,
    /// The formats that read all cells.
    Formats(Vec<String>),
    /// Day, month and year cannot be told apart. Each choice with the formats that it means, and
    /// what it makes of the example.
    Ambiguous {
        /// The choices.
        choices: Vec<(Vec<String>, String)>,
        /// The line and the cell.
        cell: (u64, String),
    },
    /// The line and the cell that contradicts those before it.
    Contradicted(u64, String),
    /// No dates.
    None,
}

impl DatesSeen {
    pub(super) fn new(now: DateTime<Utc>) -> DatesSeen {
        DatesSeen {
            shapes: BTreeMap::new(),
            read: 0,
            unreadable: Example::default(),
            without_offset: 0,
            with_time: 0,
            now,
        }
    }

    /// Reads one cell in every format of its shape. `time` is the cell with its time of day, empty
    /// where the export has no such column.
    pub(super) fn see(&mut self, line: u64, date: &str, time: &str) {
        let (date, time) = (date.trim(), time.trim());
        if date.is_empty() || self.is_hopeless() {
            return;
        }
        // The two are read as one text, or the time in the usual form.
        let joined = match time {
            "" => Cow::Borrowed(date),
            time => Cow::Owned(format!("{date} {time}")),
        };
        let whole = shape_of(&joined).map(|shape| (&*joined, shape));
        let apart = || (!time.is_empty()).then(|| shape_of(date)).flatten();
        let Some((cell, shape)) = whole.or_else(|| apart().map(|shape| (date, shape))) else {
            self.unreadable.see(line, &joined);
            return;
        };
        let is_new = !self.shapes.contains_key(&shape);
        if is_new && self.shapes.len() == MOST_SHAPES {
            self.unreadable.see(line, &joined);
            return;
        }
        let now = self.now;
        let readings = self.shapes.entry(shape).or_insert_with(|| Shape::new(cell));
        let (is_read, with_offset, with_time) = readings.see(line, (date, time), now);
        if is_read {
            self.read += 1;
            self.without_offset += u64::from(!with_offset);
            self.with_time += u64::from(with_time);
        } else {
            self.unreadable.see(line, &joined);
        }
    }

    fn is_hopeless(&self) -> bool {
        self.read == 0 && self.unreadable.count > 64
    }

    /// Whether most of its cells are dates.
    pub(super) fn are_dates(&self) -> bool {
        self.read > self.unreadable.count
    }

    /// The formats that read all cells.
    pub(super) fn habit(&self) -> Habit {
        let shapes = || self.shapes.values().filter(|shape| shape.example.is_any());
        if shapes().next().is_none() {
            return Habit::None;
        }
        if let Some((line, cell)) = shapes().find_map(|shape| shape.contradiction.clone()) {
            return Habit::Contradicted(line, cell);
        }
        if shapes().all(Shape::is_usual) {
            return Habit::Usual;
        }
        let ambiguous = shapes().find(|shape| shape.orders().len() > 1);
        let Some(ambiguous) = ambiguous else {
            let formats = shapes().filter_map(|shape| shape.format(*shape.orders().first()?));
            return Habit::Formats(formats.collect());
        };
        let choices = ambiguous.orders().into_iter().map(|order| {
            let formats = shapes().filter_map(|shape| {
                let own = *shape.orders().first()?;
                shape.format(order).or_else(|| shape.format(own))
            });
            let shown = ambiguous.shown(order, self.now);
            (formats.collect(), shown)
        });
        let cell = (ambiguous.example.line, ambiguous.example.cell.clone());
        Habit::Ambiguous { choices: choices.collect(), cell }
    }
}

impl Shape {
    fn new(cell: &str) -> Shape {
        let formats = formats_of(cell).into_iter().map(|(order, format)| Candidate {
            order,
            format,
            is_alive: true,
        });
        Shape {
            formats: formats.collect(),
            example: Example::default(),
            example_time: String::new(),
            contradiction: None,
        }
    }

    /// Whether the cell is read, and with an offset, and with a time.
    fn see(
        &mut self,
        line: u64,
        (date, time): (&str, &str),
        now: DateTime<Utc>,
    ) -> (bool, bool, bool) {
        let mut readings: Vec<Option<Reading>> =
            self.formats.iter().map(|candidate| candidate.read(date, time, now)).collect();
        // An order of next year is none: 31.10.26 is no day of 2031.
        if readings.iter().flatten().any(|reading| !reading.is_far_ahead) {
            for reading in &mut readings {
                *reading = reading.filter(|reading| !reading.is_far_ahead);
            }
        }
        let Some(first) = readings.iter().flatten().next() else { return (false, false, false) };
        let read = (true, first.with_offset, first.with_time);
        if !self.example.is_any() {
            time.clone_into(&mut self.example_time);
        }
        self.example.see(line, date);
        let survive = self.formats.iter().zip(&readings);
        if !survive.clone().any(|(candidate, reading)| candidate.is_alive && reading.is_some()) {
            self.contradiction.get_or_insert((line, date.to_owned()));
            return read;
        }
        for (candidate, reading) in self.formats.iter_mut().zip(&readings) {
            candidate.is_alive &= reading.is_some();
        }
        read
    }

    fn alive(&self) -> impl Iterator<Item = &Candidate> {
        self.formats.iter().filter(|candidate| candidate.is_alive)
    }

    fn is_usual(&self) -> bool {
        self.alive().any(|candidate| candidate.format.is_none())
    }

    /// The orders of day, month and year that read each cell.
    fn orders(&self) -> Vec<Order> {
        let mut orders: Vec<Order> = self.alive().map(|candidate| candidate.order).collect();
        orders.dedup();
        orders
    }

    /// The format of this order, as it is written in the configuration.
    fn format(&self, order: Order) -> Option<String> {
        let mut of_order = self.alive().filter(|candidate| candidate.order == order);
        of_order.find_map(|candidate| candidate.format.as_ref().map(|it| it.as_str().to_owned()))
    }

    /// What this order makes of the example.
    fn shown(&self, order: Order, now: DateTime<Utc>) -> String {
        let candidate = self.alive().find(|candidate| candidate.order == order);
        let date = candidate.and_then(|candidate| {
            let dates = candidate.dates(now);
            dates.read(&self.example.cell, &self.example_time).ok().flatten()
        });
        date.map(|date| date.date.to_string()).unwrap_or_default()
    }
}

impl Candidate {
    fn dates(&self, now: DateTime<Utc>) -> Dates<'_> {
        // The zone moves a date, but decides of none whether it is one.
        let zones = Zones { days: Tz::UTC, times: Tz::UTC };
        Dates::new(zones, self.format.as_slice(), now)
    }

    fn read(&self, day: &str, time: &str, now: DateTime<Utc>) -> Option<Reading> {
        let date = self.dates(now).read(day, time).ok().flatten()?;
        Some(Reading {
            with_offset: date.with_offset,
            with_time: day.contains(':') || !time.is_empty() || date.with_offset,
            is_far_ahead: date.instant - now > TimeDelta::days(366),
        })
    }
}
