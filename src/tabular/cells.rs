//! Cells that hold an amount of money.

use crate::domain::amount::{Amount, AmountError};
use std::borrow::Cow;

/// How an export writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NumberFormat {
    /// Between groups of digits.
    pub thousands_separator: Option<char>,
    /// Before the decimals.
    pub decimal_separator: char,
    /// Whether a number may be negative.
    pub signed: bool,
}

/// An amount as a cell has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignedAmount {
    /// The amount without its sign.
    pub size: Amount,
    /// Whether it has a minus.
    pub negative: bool,
}

impl SignedAmount {
    /// The amount with its sign.
    pub(crate) fn signed(self) -> Amount {
        if self.negative { -self.size } else { self.size }
    }
}

/// Why a cell is not an amount. Displays the reason without the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub(crate) struct NumberError {
    error: AmountError,
    /// Which part of the format would read it.
    pub hint: Option<NumberHint>,
}

/// The part of a [`NumberFormat`] that would read a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberHint {
    /// `signed`.
    Signed,
    /// The separators.
    Separators,
}

/// Reads an amount; an empty cell is `None`.
pub(crate) fn read_amount(
    cell: &str,
    format: NumberFormat,
) -> Result<Option<SignedAmount>, NumberError> {
    let text = cell.trim_matches(|character: char| character.is_ascii_whitespace());
    if text.is_empty() {
        return Ok(None);
    }
    let (digits, negative) = if format.signed { split_sign(text) } else { (text, false) };
    plain(digits, format)
        .and_then(|digits| Amount::parse(&digits))
        .map(|size| Some(SignedAmount { size, negative }))
        .map_err(|error| NumberError { error, hint: hint(text, format) })
}

/// Splits off the sign: in front, behind, or as parentheses, as accountants write it.
fn split_sign(text: &str) -> (&str, bool) {
    const MINUS: [char; 2] = ['-', '\u{2212}'];
    let parentheses = || text.strip_prefix('(')?.strip_suffix(')');
    if let Some(digits) = text.strip_prefix(MINUS).or_else(|| text.strip_suffix(MINUS)) {
        (digits, true)
    } else if let Some(digits) = parentheses() {
        (digits, true)
    } else {
        (text.strip_prefix('+').unwrap_or(text), false)
    }
}

/// The number with a decimal point and without thousands separators.
fn plain(text: &str, format: NumberFormat) -> Result<Cow<'_, str>, AmountError> {
    if format.thousands_separator.is_none() && format.decimal_separator == '.' {
        return Ok(Cow::Borrowed(text));
    }
    let (units, decimals) = match text.split_once(format.decimal_separator) {
        Some((units, decimals)) => (units, Some(decimals)),
        None => (text, None),
    };
    let mut number = String::with_capacity(text.len());
    let separator = format.thousands_separator;
    match separator.filter(|separator| units.contains(*separator)) {
        None => number.push_str(units),
        Some(separator) => {
            // Groups of three, or of two before the last (1,23,456). Anything else is more likely
            // a decimal separator that was not configured.
            let last = units.split(separator).count() - 1;
            for (index, group) in units.split(separator).enumerate() {
                let right = match (index, group.len()) {
                    (0, length) => (1..=3).contains(&length),
                    (index, length) if index == last => length == 3,
                    (_, length) => (2..=3).contains(&length),
                };
                if !right {
                    return Err(AmountError::NotPlain);
                }
                number.push_str(group);
            }
        }
    }
    // A point that is neither of the configured separators makes it no number.
    let stray = number.contains('.') || decimals.is_some_and(|decimals| decimals.contains('.'));
    if stray {
        return Err(AmountError::NotPlain);
    }
    if let Some(decimals) = decimals {
        number.push('.');
        number.push_str(decimals);
    }
    Ok(Cow::Owned(number))
}

/// Which part of the format would read a number that is not plain.
fn hint(text: &str, format: NumberFormat) -> Option<NumberHint> {
    let digits = text.trim_matches(|character: char| !character.is_ascii_digit());
    if !format.signed && text.starts_with(['-', '\u{2212}', '(']) {
        return Some(NumberHint::Signed);
    }
    let separated = digits.contains([',', '.', ' ', '\'', '\u{a0}', '\u{202f}']);
    let known = |character| {
        character == format.decimal_separator || format.thousands_separator == Some(character)
    };
    let unknown =
        digits.contains(|character: char| !character.is_ascii_digit() && !known(character));
    (separated && unknown).then_some(NumberHint::Separators)
}

#[cfg(test)]
#[path = "cells_tests.rs"]
mod tests;
