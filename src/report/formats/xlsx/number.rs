//! Money as a spreadsheet's number: the only place where money becomes a float.

use iso_currency::Currency;

/// A cell's number has 15 significant digits; more would be shown as zeros.
const MOST_DIGITS: usize = 15;

/// A decimal as a cell shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shown {
    /// The number that the cell holds. It is read from the decimal, never computed, so the cell
    /// shows the same digits.
    Number(f64),
    /// It has more digits than a cell can hold.
    TooLong,
}

/// How a cell shows this decimal.
pub(super) fn shown(decimal: &str) -> Shown {
    let digits: String = decimal.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    let significant = if decimal.contains('.') { digits.trim_end_matches('0') } else { digits };
    match decimal.parse() {
        Ok(number) if significant.len() <= MOST_DIGITS => Shown::Number(number),
        _ => Shown::TooLong,
    }
}

/// The decimals that a cell with this decimal shows: the currency's, at least two, and never fewer
/// than the decimal has.
pub(super) fn decimals(decimal: &str, currency: &str) -> usize {
    let written = decimal.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let currency = Currency::from_code(&currency.to_ascii_uppercase());
    let usual = currency.and_then(Currency::exponent).map_or(2, usize::from);
    written.max(usual).clamp(2, 6)
}
