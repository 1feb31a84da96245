//! Random exports, as shops, banks and payment companies write them: the bytes, the configuration
//! that is meant, and what each order is meant to be.

use super::habits::{FIRST_UNMAPPED, Habits, Items, Kind, STATUSES, Types, pick, rarely};
use encoding_rs::WINDOWS_1252;
use fastrand::Rng;
use std::fmt::Write;

/// What an order is meant to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Meant {
    pub(super) id: String,
    /// With two decimals.
    pub(super) amount: String,
    pub(super) currency: String,
    pub(super) date: String,
    /// The instant, where the export has the time of day.
    pub(super) time: Option<String>,
    pub(super) transaction_type: Option<String>,
    pub(super) status: Option<String>,
}

/// A random export.
pub(super) struct Export {
    pub(super) bytes: Vec<u8>,
    /// The content of `[ledger]`.
    pub(super) config: String,
    pub(super) orders: Vec<Meant>,
    /// Rows, and those of them that are skipped.
    pub(super) rows: u64,
    pub(super) skipped: u64,
}

/// A random export, the same for the same seed.
pub(super) fn random(seed: u64) -> Export {
    let mut rng = Rng::with_seed(seed);
    let habits = Habits::random(&mut rng);
    let mut sheet = Sheet { habits, rows: Vec::new(), orders: Vec::new(), skipped: 0, rng };
    sheet.fill();
    sheet.mark_income();
    let config = sheet.config();
    let bytes = sheet.bytes();
    let rows = u64::try_from(sheet.rows.len()).unwrap_or_default();
    let Sheet { orders, skipped, .. } = sheet;
    Export { bytes, config, orders, rows, skipped }
}

struct Sheet {
    habits: Habits,
    rows: Vec<Vec<String>>,
    orders: Vec<Meant>,
    skipped: u64,
    rng: Rng,
}

impl Sheet {
    fn fill(&mut self) {
        let orders = self.rng.usize(3..20);
        let first = self.rng.u32(100..90_000);
        for number in (first..).take(orders) {
            if self.habits.types != Types::None && rarely(&mut self.rng, 4) {
                self.skipped_row();
            }
            self.order(number);
        }
        if self.habits.total_row {
            let amount = self.habits.numbers.written(&mut self.rng, 1_234_560, false);
            let mut row = self.row(|kind| match kind {
                Kind::Amount | Kind::Credit => amount.clone(),
                _ => String::new(),
            });
            if let Some(index) = self.index(Kind::Note) {
                row[index] = "total".to_owned();
            }
            self.rows.push(row);
            self.skipped += 1;
        }
    }

    fn has_expense(&self) -> bool {
        let is_expense = |order: &Meant| order.transaction_type.as_deref() == Some("expense");
        self.orders.iter().any(is_expense)
    }

    /// Where some amounts are negative, the others are income.
    fn mark_income(&mut self) {
        if self.habits.numbers.has_sign() && self.has_expense() {
            for order in &mut self.orders {
                order.transaction_type.get_or_insert_with(|| "income".to_owned());
            }
        }
    }

    fn index(&self, kind: Kind) -> Option<usize> {
        self.habits.columns.iter().position(|(it, _)| *it == kind)
    }

    fn row(&self, cell: impl Fn(Kind) -> String) -> Vec<String> {
        self.habits.columns.iter().map(|(kind, _)| cell(*kind)).collect()
    }

    /// A fee or a transfer between the orders.
    fn skipped_row(&mut self) {
        let kind_of_row = pick(&mut self.rng, &["fee", "Transfer", "adjustment"]);
        let (date, time, _) = self.habits.dates.random_time(&mut self.rng);
        let cents = self.rng.i64(1..500);
        let amount = self.habits.numbers.written(&mut self.rng, cents, false);
        let id = format!("fee-{}", self.rng.u32(1000..9999));
        let row = self.row(|kind| match kind {
            Kind::Id => id.clone(),
            Kind::Amount | Kind::Credit => amount.clone(),
            Kind::Currency => "INR".to_owned(),
            Kind::Date => date.clone(),
            Kind::Time => time.clone(),
            Kind::Type => kind_of_row.to_owned(),
            _ => String::new(),
        });
        self.rows.push(row);
        self.skipped += 1;
    }

    fn order(&mut self, number: u32) {
        let rng = &mut self.rng;
        let habits = &self.habits;
        let id = format!("{}{number}", habits.id);
        let is_expense =
            (habits.numbers.has_sign() || habits.types == Types::Directions) && rarely(rng, 3);
        let (date, time, meant) = habits.dates.random_time(rng);
        let (word, status) = pick(rng, &STATUSES);
        let items = if habits.items == Items::None { 1 } else { rng.usize(1..4) };
        let cents: Vec<i64> = (0..items).map(|_| rng.i64(100..4_000_000)).collect();
        let total: i64 = match habits.items {
            Items::Sum => cents.iter().sum(),
            _ => cents[0],
        };
        for (index, cents) in cents.iter().enumerate() {
            let amount = match habits.items {
                Items::Sum => habits.numbers.written(rng, *cents, is_expense),
                Items::Empty if index > 0 => String::new(),
                _ => habits.numbers.written(rng, total, is_expense),
            };
            // Paise are paise only beside a currency.
            let needs_currency = habits.numbers.needs_currency();
            let is_bare = index > 0
                && !(needs_currency && habits.items == Items::Sum)
                && (habits.items == Items::Empty || habits.items_without_id)
                && rng.bool();
            let has_id = index == 0 || !habits.items_without_id;
            let note = if rarely(rng, 3) { "a \"note\"\nof two lines" } else { "" };
            let subtotal = habits.numbers.written(rng, *cents / 2, false);
            let (paid_at, ..) = habits.dates.random_time(rng);
            let customer = pick(rng, &["Rao, Anita", "José", "Mei Lin", ""]);
            let cell = |kind| match kind {
                Kind::Id if !has_id => String::new(),
                Kind::Id if habits.guard => format!("=\"{id}\""),
                Kind::Id => id.clone(),
                Kind::Amount => amount.clone(),
                Kind::Subtotal => subtotal.clone(),
                Kind::Credit if !is_expense => amount.clone(),
                Kind::Debit if is_expense => amount.clone(),
                Kind::Credit | Kind::Debit => String::new(),
                Kind::Item => format!("Thing {index}"),
                Kind::Customer => customer.to_owned(),
                Kind::Note => note.to_owned(),
                Kind::PaidAt => paid_at.clone(),
                Kind::Fulfillment => "fulfilled".to_owned(),
                _ if is_bare => String::new(),
                Kind::Currency => "INR".to_owned(),
                Kind::Date => date.clone(),
                Kind::Time => time.clone(),
                Kind::Status => word.to_owned(),
                Kind::Type if habits.types == Types::Kinds => "Order".to_owned(),
                Kind::Type => if is_expense { "debit" } else { "credit" }.to_owned(),
            };
            let row: Vec<String> = habits.columns.iter().map(|(kind, _)| cell(*kind)).collect();
            // A row without any value is a blank line.
            if row.iter().any(|cell| !cell.is_empty()) {
                self.rows.push(row);
            }
        }
        let mut status = status;
        if habits.again && rarely(rng, 3) {
            let mut row = self.rows.last().cloned().unwrap_or_default();
            if let Some(index) = habits.columns.iter().position(|(kind, _)| *kind == Kind::Status) {
                let (word, meaning) = pick(rng, &STATUSES);
                (row[index], status) = (word.to_owned(), meaning);
            }
            self.rows.push(row);
        }
        let transaction_type = match (habits.types, habits.numbers.in_two_columns, is_expense) {
            (_, _, true) => Some("expense"),
            (Types::Directions, _, false) | (_, true, false) => Some("income"),
            _ => None,
        };
        self.orders.push(Meant {
            id,
            amount: format!("{}.{:02}", total / 100, total % 100),
            currency: "inr".to_owned(),
            date: meant.0,
            time: meant.1,
            transaction_type: transaction_type.map(str::to_owned),
            status: habits.statuses.then(|| status.to_owned()),
        });
    }

    /// The configuration that is meant.
    fn config(&self) -> String {
        let habits = &self.habits;
        let mut text = String::from("timezone = 'Asia/Kolkata'\n");
        if habits.delimiter != ',' {
            let _written = writeln!(text, "delimiter = {:?}", habits.delimiter.to_string());
        }
        if !matches!(habits.encoding, "" | "bom") {
            let _written = writeln!(text, "encoding = '{}'", habits.encoding);
        }
        match habits.items {
            Items::None => {}
            Items::Empty => text.push_str("line_items = 'empty'\n"),
            Items::Total => text.push_str("line_items = 'total'\n"),
            Items::Sum => text.push_str("line_items = 'sum'\n"),
        }
        text.push_str(&habits.numbers.config(self.has_expense()));
        text.push_str(&habits.dates.config());
        text.push_str("[columns]\n");
        for (kind, column) in [
            (Kind::Id, "merchant_order_id"),
            (Kind::Amount, "amount"),
            (Kind::Credit, "credit"),
            (Kind::Debit, "debit"),
            (Kind::Currency, "currency"),
            (Kind::Date, "created_at"),
            (Kind::Time, "time"),
            (Kind::Status, "status"),
        ] {
            if let Some(heading) = habits.heading(kind) {
                let _written = writeln!(text, "{column} = {heading:?}");
            }
        }
        if habits.types == Types::Directions {
            let heading = habits.heading(Kind::Type).unwrap_or_default();
            let _written = writeln!(text, "transaction_type = {heading:?}");
        }
        text.push_str("[statuses]\n");
        for (word, meaning) in &STATUSES[FIRST_UNMAPPED..] {
            let _written = writeln!(text, "{word:?} = {meaning:?}");
        }
        if let Some(heading) = habits.heading(Kind::Type) {
            let values = "values = ['fee', 'transfer', 'adjustment']";
            let _written = writeln!(text, "[[skip]]\ncolumn = {heading:?}\n{values}");
        }
        if habits.total_row {
            let heading = habits.heading(Kind::Id).unwrap_or_default();
            let _written = writeln!(text, "[[skip]]\ncolumn = {heading:?}\nempty = true");
        }
        text
    }

    fn bytes(&mut self) -> Vec<u8> {
        let mut text = String::new();
        let delimiter = self.habits.delimiter.to_string();
        let end = self.habits.line_end;
        for index in 0..self.habits.preamble {
            let line = match index {
                0 if self.habits.delimiter == ';' => "sep=;".to_owned(),
                0 => "Report of my shop".to_owned(),
                1 => ["Account", "12345", ""].join(&delimiter),
                2 => String::new(),
                _ => ["From", "2026-01-01"].join(&delimiter),
            };
            text.push_str(&line);
            text.push_str(end);
        }
        let headings: Vec<String> =
            self.habits.columns.iter().map(|(_, heading)| (*heading).to_owned()).collect();
        text.push_str(&self.line(&headings));
        text.push_str(end);
        let rows = self.rows.clone();
        for (index, row) in rows.iter().enumerate() {
            if rarely(&mut self.rng, 12) {
                // A blank line, or a row of separators alone.
                text.push_str(&delimiter.repeat(pick(&mut self.rng, &[0, row.len() - 1])));
                text.push_str(end);
            }
            let is_last = index + 1 == rows.len();
            text.push_str(&self.line(&row[..if is_last { row.len() } else { self.end_of(row) }]));
            text.push_str(&delimiter.repeat(self.habits.trailing));
            text.push_str(end);
        }
        match self.habits.encoding {
            "windows-1252" => WINDOWS_1252.encode(&text).0.into_owned(),
            "utf-16le" => {
                let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
                units.flat_map(u16::to_le_bytes).collect()
            }
            "bom" => format!("\u{feff}{text}").into_bytes(),
            _ => text.into_bytes(),
        }
    }

    /// Where a row ends that a spreadsheet has cut short: behind the last column that is read.
    fn end_of(&self, row: &[String]) -> usize {
        let is_unread = |kind| matches!(kind, Kind::Customer | Kind::Note | Kind::Subtotal);
        let mut columns = self.habits.columns.iter().zip(row);
        let read = columns.rposition(|((kind, _), cell)| !is_unread(*kind) || !cell.is_empty());
        let cut = self.habits.short && self.habits.trailing == 0;
        read.filter(|_| cut).map_or(row.len(), |last| last + 1)
    }

    fn line(&self, cells: &[String]) -> String {
        let quoted = |cell: &String| {
            let special = |character| {
                matches!(character, '"' | '\n' | '\r') || character == self.habits.delimiter
            };
            if self.habits.quote_all || cell.contains(special) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            }
        };
        let cells: Vec<String> = cells.iter().map(quoted).collect();
        cells.join(&self.habits.delimiter.to_string())
    }
}
