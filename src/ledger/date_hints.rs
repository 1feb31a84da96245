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

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_hints(is_unset: bool, cells: &[(&str, &str)]) {
        let hints = DateHints::default();
        for (cell, hint) in cells {
            assert_eq!(hints.hint(cell, is_unset), *hint, "{cell}");
        }
    }

    #[test]
    fn the_format_that_reads_a_date_is_named() {
        let unset = [
            ("13/04/2026", "; [ledger] date_format = \"%d/%m/%Y\" reads it"),
            ("10/04/2026", "; [ledger] date_format = \"%d/%m/%Y\" reads it"),
            ("yesterday", "; [ledger] date_format reads other formats"),
        ];
        assert_hints(true, &unset);
        let set = [
            ("13/04/2026", "; another [ledger] date_format, \"%d/%m/%Y\" reads it"),
            ("yesterday", ""),
        ];
        assert_hints(false, &set);
    }

    #[test]
    fn formats_that_both_read_a_date_are_named() {
        let both = "; [ledger] date_format = \"%d/%m/%Y\" or \"%m/%d/%Y\" reads it: the one that \
                    the export means";
        assert_hints(true, &[("10/04/2026", both), ("11/04/2026", both)]);
    }

    #[test]
    fn a_zone_that_is_not_read_is_named() {
        let zone = "; the zone IST is not read: export the dates with an offset, or without a zone \
                    and set [ledger] timezone";
        assert_hints(true, &[("10/04/2026 11:11 IST", zone)]);
    }

    /// A cell is tried with all formats: for each row of a large file, that would take hours.
    #[test]
    fn only_the_first_unknown_dates_are_tried() {
        let unknown = ("yesterday", "; [ledger] date_format reads other formats");
        let known = ("13/04/2026", "; [ledger] date_format = \"%d/%m/%Y\" reads it");
        let other = ("20260413", "; [ledger] date_format = \"%Y%m%d\" reads it");
        let late = ("20260413", unknown.1);
        assert_hints(true, &[unknown, unknown, unknown, unknown, known]);
        assert_hints(true, &[unknown, unknown, unknown, unknown, unknown, late]);
        assert_hints(true, &[unknown, unknown, unknown, unknown, known, late, known]);
        // Dates that a known format reads are not counted.
        assert_hints(true, &[known, known, known, known, known, known, other]);
    }
}
