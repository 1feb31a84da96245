//! Dates that cannot be read: the format that would read them (contract, "Ledger": `date_format`).

use crate::tabular::{DateFormat, formats_that_read, unread_zone};
use std::cell::{Cell, RefCell};

/// The formats that would read the dates which cannot be read.
#[derive(Default)]
pub(super) struct DateHints {
    /// How many cells were tried: each takes a while.
    tried: Cell<u8>,
    formats: RefCell<Vec<String>>,
}

impl DateHints {
    /// What to add to the reason why a date cannot be read.
    pub(super) fn hint(&self, cell: &str, is_unset: bool) -> String {
        const MOST_TRIED: u8 = 5;
        if let Some(zone) = unread_zone(cell) {
            return format!(
                "; the zone {zone} is not read: export the dates with an offset, or without a zone \
                 and set [ledger] timezone"
            );
        }
        let reads = |format: &String| DateFormat::new(format).is_ok_and(|it| it.reads(cell));
        let mut formats = self.formats.borrow_mut();
        if !formats.iter().any(reads) && self.tried.get() < MOST_TRIED {
            self.tried.set(self.tried.get() + 1);
            *formats = formats_that_read(cell);
        }
        let key =
            if is_unset { "[ledger] date_format = " } else { "another [ledger] date_format, " };
        match &formats[..] {
            formats if formats.iter().any(reads) && formats.len() > 1 => {
                let formats: Vec<_> = formats.iter().map(|format| format!("{format:?}")).collect();
                format!("; {key}{} reads it: the one that the export means", formats.join(" or "))
            }
            [format] if reads(format) => format!("; {key}{format:?} reads it"),
            _ if is_unset => "; [ledger] date_format reads other formats".to_owned(),
            _ => String::new(),
        }
    }
}
