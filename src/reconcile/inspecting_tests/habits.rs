//! The habits of a random export: its columns, and how it writes them.

use super::dates::{self, DateHabit};
use super::numbers::{self, Currency, NumberHabit};
use fastrand::Rng;

/// What a column of the export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Id,
    Amount,
    Credit,
    Debit,
    Currency,
    Date,
    Time,
    Status,
    Type,
    Item,
    Customer,
    Note,
    Subtotal,
    PaidAt,
    Fulfillment,
}

/// How the rows of an order's items are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Items {
    None,
    Empty,
    Total,
    Sum,
}

/// What the column `Type` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    None,
    /// A word for orders, and words for rows that are none.
    Kinds,
    /// Income and expense, and words for rows that are no orders.
    Directions,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
pub(super) struct Habits {
    pub(super) delimiter: char,
    pub(super) line_end: &'static str,
    pub(super) encoding: &'static str,
    pub(super) columns: Vec<(Kind, &'static str)>,
    pub(super) numbers: NumberHabit,
    pub(super) dates: DateHabit,
    pub(super) items: Items,
    pub(super) items_without_id: bool,
    pub(super) types: Types,
    pub(super) statuses: bool,
    pub(super) id: &'static str,
    pub(super) guard: bool,
    pub(super) preamble: usize,
    pub(super) trailing: usize,
    pub(super) total_row: bool,
    /// Orders come again: with another status, or as a copy.
    pub(super) again: bool,
    /// Rows end with their last value, but for the last row.
    pub(super) short: bool,
    pub(super) quote_all: bool,
}

/// A word of the export's status column, and what it means; the last ones have to be mapped.
pub(super) const STATUSES: [(&str, &str); 7] = [
    ("Paid", "paid"),
    ("completed", "paid"),
    ("Pending", "pending"),
    ("cancelled", "failed"),
    ("Refunded", "refunded"),
    ("Shipped", "paid"),
    ("Bezahlt", "paid"),
];
pub(super) const FIRST_UNMAPPED: usize = 5;

pub(super) fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

/// One time in `n`.
pub(super) fn rarely(rng: &mut Rng, n: u32) -> bool {
    rng.u32(..n) == 0
}

impl Habits {
    pub(super) fn random(rng: &mut Rng) -> Habits {
        let items = pick(rng, &[Items::None, Items::None, Items::Empty, Items::Total, Items::Sum]);
        let encoding = pick(rng, &["", "", "", "bom", "windows-1252", "utf-16le"]);
        let types = pick(rng, &[Types::None, Types::None, Types::Kinds, Types::Directions]);
        let delimiter = pick(rng, &[',', ',', ';', '\t', '|']);
        let dates = dates::random(rng);
        let numbers = numbers::random(rng, types == Types::Directions, encoding);
        let mut habits = Habits {
            delimiter,
            line_end: pick(rng, &["\n", "\r\n", "\r"]),
            encoding,
            columns: Vec::new(),
            numbers,
            dates,
            items,
            items_without_id: rarely(rng, 3) && matches!(items, Items::Empty | Items::Sum),
            types,
            statuses: rng.bool(),
            id: pick(rng, &["A-", "#", "", "ORD/26/"]),
            guard: rarely(rng, 6),
            preamble: if rarely(rng, 3) { rng.usize(1..5) } else { 0 },
            trailing: if rarely(rng, 4) { rng.usize(1..3) } else { 0 },
            total_row: rarely(rng, 6) && items != Items::Sum,
            again: rarely(rng, 6) && items == Items::None,
            short: rarely(rng, 6),
            quote_all: rarely(rng, 4),
        };
        // A total has no id either: the two cannot be told apart.
        habits.total_row &= !habits.items_without_id;
        habits.columns = habits.random_columns(rng);
        habits
    }

    fn random_columns(&self, rng: &mut Rng) -> Vec<(Kind, &'static str)> {
        let mut columns = vec![(
            Kind::Id,
            pick(
                rng,
                &["merchant_order_id", "Order ID", "Order No.", "order_number", "Reference No"],
            ),
        )];
        if self.numbers.in_two_columns {
            columns.push((Kind::Credit, pick(rng, &["Credit", "Credit Amount", "Money in"])));
            columns.push((Kind::Debit, pick(rng, &["Debit", "Debit Amount", "Money out"])));
        } else {
            let names = ["amount", "Total", "Order Total", "Total Amount", "Paid Amount"];
            columns.push((Kind::Amount, pick(rng, &names)));
        }
        if self.numbers.currency == Currency::Column {
            columns.push((Kind::Currency, pick(rng, &["currency", "Currency Code", "Ccy"])));
        }
        let date = if self.dates.is_in_utc {
            "Created at (UTC)"
        } else {
            pick(rng, &["created_at", "Date", "Order Date", "Created At"])
        };
        columns.push((Kind::Date, date));
        if self.dates.time.is_some() {
            columns.push((Kind::Time, "Time"));
        }
        if self.statuses {
            columns
                .push((Kind::Status, pick(rng, &["status", "Financial Status", "Order Status"])));
        }
        if self.types != Types::None {
            columns.push((Kind::Type, pick(rng, &["Type", "Transaction Type"])));
        }
        if self.items != Items::None && !rarely(rng, 4) {
            columns.push((Kind::Item, pick(rng, &["Item", "Lineitem name", "SKU"])));
        }
        for (kind, heading) in [
            (Kind::Customer, "Customer"),
            (Kind::Note, "Note"),
            (Kind::Subtotal, "Subtotal"),
            (Kind::PaidAt, "Paid at"),
            (Kind::Fulfillment, "Fulfillment Status"),
        ] {
            if rng.bool() {
                columns.push((kind, heading));
            }
        }
        rng.shuffle(&mut columns);
        columns
    }

    pub(super) fn heading(&self, kind: Kind) -> Option<&'static str> {
        self.columns.iter().find(|(it, _)| *it == kind).map(|(_, heading)| *heading)
    }
}
