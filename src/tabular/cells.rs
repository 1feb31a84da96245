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
    /// Whether its currency may stand beside a number.
    pub with_currency: bool,
    /// The decimals to which a number is rounded, half up.
    pub round: Option<usize>,
}

/// A number as a cell has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Number<'a> {
    /// Whether it has a minus, or a word or form that says the same.
    pub negative: bool,
    /// The currency beside it; empty where there is none.
    pub currency: &'a str,
    /// Digits, perhaps with a decimal point; not checked yet.
    digits: Cow<'a, str>,
}

/// Why a cell is not an amount. Displays the reason without the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub(crate) struct NumberError {
    error: NumberFault,
    /// Which part of the format would read it.
    pub hint: Option<NumberHint>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NumberFault {
    #[error(transparent)]
    Amount(#[from] AmountError),
    #[error("it is not a whole number of the currency's smallest unit")]
    PartOfMinorUnit,
}

/// The part of a [`NumberFormat`] that would read a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberHint {
    /// `signed`.
    Signed,
    /// The separators.
    Separators,
    /// `with_currency`.
    Currency,
    /// `round`.
    Round,
}

/// Reads a number; an empty cell is `None`.
pub(crate) fn read_number(
    cell: &str,
    format: NumberFormat,
) -> Result<Option<Number<'_>>, NumberError> {
    let text = cell.trim_matches(|character: char| character.is_ascii_whitespace());
    if text.is_empty() {
        return Ok(None);
    }
    let (digits, negative, currency) = peel(text, format);
    match plain(digits, format) {
        Ok(digits) => Ok(Some(Number { negative, currency, digits })),
        Err(error) => Err(NumberError { error: error.into(), hint: hint(text, format) }),
    }
}

impl Number<'_> {
    /// The same number, negative.
    pub(crate) fn negated(self) -> Self {
        Number { negative: true, ..self }
    }

    /// Whether it is zero.
    pub(crate) fn is_zero(&self) -> bool {
        self.digits.bytes().all(|byte| matches!(byte, b'0' | b'.'))
    }

    /// The amount without its sign, and whether it was rounded. `unit_decimals` are those of the
    /// currency, where the number is in its smallest unit.
    pub(crate) fn size(
        &self,
        unit_decimals: Option<usize>,
        format: NumberFormat,
    ) -> Result<(Amount, bool), NumberError> {
        if unit_decimals.is_none() && format.round.is_none() {
            return Amount::parse(&self.digits).map(|size| (size, false)).map_err(|error| {
                let too_long = (error == AmountError::TooManyDecimals).then_some(NumberHint::Round);
                let hint = too_long.or_else(|| hint(&self.digits, format));
                NumberError { error: error.into(), hint }
            });
        }
        scaled(&self.digits, unit_decimals, format.round)
            .map_err(|error| NumberError { error, hint: hint(&self.digits, format) })
    }
}

/// Moves the decimal point to the left, and rounds.
fn scaled(
    text: &str,
    unit_decimals: Option<usize>,
    round: Option<usize>,
) -> Result<(Amount, bool), NumberFault> {
    let places = unit_decimals.unwrap_or(0);
    let (units, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(units) || !is_number(decimals) {
        return Err(AmountError::NotPlain.into());
    }
    let has_value = |digits: &str| digits.bytes().any(|digit| digit != b'0');
    if unit_decimals.is_some() && round.is_none() && has_value(decimals) {
        return Err(NumberFault::PartOfMinorUnit);
    }
    let digits = format!("{}{units}{decimals}", "0".repeat(places));
    let point = units.len();
    let kept = (point + round.unwrap_or(6)).min(digits.len());
    let (kept, rest) = digits.split_at(kept);
    let (units, decimals) = kept.split_at(point.min(kept.len()));
    let number = if decimals.is_empty() { units.to_owned() } else { format!("{units}.{decimals}") };
    let number = Amount::parse(&number)?;
    if round.is_none() || !has_value(rest) {
        return Ok((number, false));
    }
    let step = 10_i64.pow(6_u32.saturating_sub(u32::try_from(decimals.len()).unwrap_or(6)));
    let up = if rest.as_bytes().first().is_some_and(|digit| *digit >= b'5') { step } else { 0 };
    let rounded = number.checked_add(Amount::from_micros(up)).ok_or(AmountError::TooLarge)?;
    Ok((rounded, true))
}

/// Splits off the sign and the currency, each at most once, whichever comes first. The sign is in
/// front, behind, parentheses as accountants write it, or `Dr` and `Cr` as banks do.
fn peel(text: &str, format: NumberFormat) -> (&str, bool, &str) {
    let mut rest = text;
    if format.with_currency {
        // `Rs. 500/-`, as Indian invoices write it.
        rest = rest.strip_suffix("/-").unwrap_or(rest);
    }
    let (mut negative, mut currency) = (None, None);
    // Most cells are plain: nothing but digits at both ends.
    while !is_plain_at_ends(rest) {
        if format.signed
            && negative.is_none()
            && let Some((inner, is_negative)) = split_sign(rest)
        {
            (rest, negative) = (inner, Some(is_negative));
        } else if format.with_currency
            && currency.is_none()
            && let Some((inner, word)) = split_currency(rest)
        {
            (rest, currency) = (inner, Some(word));
        } else {
            break;
        }
    }
    (rest, negative == Some(true), currency.unwrap_or_default())
}

fn is_plain_at_ends(text: &str) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    is_digit(text.as_bytes().first()) && is_digit(text.as_bytes().last())
}

const MINUS: [char; 2] = ['-', '\u{2212}'];

/// The text without its sign, and whether that is negative.
fn split_sign(text: &str) -> Option<(&str, bool)> {
    if let Some(inner) = text.strip_prefix(MINUS).or_else(|| text.strip_suffix(MINUS)) {
        return Some((inner, true));
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return Some((inner, true));
    }
    if let Some(inner) = text.strip_prefix('+') {
        return Some((inner, false));
    }
    split_debit_or_credit(text)
}

/// `5.00 Dr`, `5.00 CR.`: the text before, and whether it is a debit.
fn split_debit_or_credit(text: &str) -> Option<(&str, bool)> {
    let words = text.strip_suffix('.').unwrap_or(text);
    let (before, word) = words.split_at_checked(words.len().checked_sub(2)?)?;
    let is_debit = word.eq_ignore_ascii_case("dr");
    let is_word = is_debit || word.eq_ignore_ascii_case("cr");
    let stands_alone = !before.ends_with(char::is_alphabetic);
    (is_word && stands_alone).then(|| (before.trim_end(), is_debit))
}

/// The text without the currency before or behind it.
fn split_currency(text: &str) -> Option<(&str, &str)> {
    let mut before = ' ';
    let front = text.find(|character: char| {
        let belongs = is_of_currency(character) || (character == '.' && before.is_alphabetic());
        before = character;
        !belongs
    })?;
    if front > 0 {
        let (word, rest) = text.split_at(front);
        return Some((rest.trim_start(), word));
    }
    let words = text.strip_suffix('.').unwrap_or(text);
    let start = words.trim_end_matches(is_of_currency).len();
    let (rest, word) = text.split_at(start);
    (start < words.len()).then(|| (rest.trim_end(), word))
}

/// Whether a character can be part of a currency's sign or code.
fn is_of_currency(character: char) -> bool {
    !character.is_numeric()
        && !character.is_whitespace()
        && !character.is_control()
        && !"+-\u{2212}(),.'’\"=/".contains(character)
}

/// The number with a decimal point and without thousands separators. [`Number::size`] checks that
/// it is one.
fn plain(text: &str, format: NumberFormat) -> Result<Cow<'_, str>, AmountError> {
    if format.thousands_separator.is_none() && format.decimal_separator == '.' {
        return Ok(Cow::Borrowed(text));
    }
    joined(text, format).map(Cow::Owned)
}

/// Joins the groups of digits, and writes a point before the decimals.
fn joined(text: &str, format: NumberFormat) -> Result<String, AmountError> {
    let (units, decimals) = match text.split_once(format.decimal_separator) {
        Some((units, decimals)) => (units, Some(decimals)),
        None => (text, None),
    };
    let mut number = String::with_capacity(text.len());
    let separator = format.thousands_separator;
    match separator.filter(|separator| units.contains(*separator)) {
        None => number.push_str(units),
        Some(separator) => {
            // Anything else is more likely a decimal separator that was not configured.
            let groups: Vec<&str> = units.split(separator).collect();
            if !are_thousands(&groups) {
                return Err(AmountError::NotPlain);
            }
            number.extend(groups);
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
    Ok(number)
}

/// Whether these are groups of three digits, or of two with a last one of three (1,23,456), behind
/// a first one that does not begin with 0.
fn are_thousands(groups: &[&str]) -> bool {
    let [first, middle @ .., last] = groups else { return false };
    let fits = |length: usize| middle.iter().all(|group| group.len() == length);
    (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && last.len() == 3
        && (fits(3) || fits(2))
}

/// Which part of the format would read a number that is not plain.
fn hint(text: &str, format: NumberFormat) -> Option<NumberHint> {
    let digits = text.trim_matches(|character: char| !character.is_ascii_digit());
    if digits.is_empty() {
        return None;
    }
    if !format.signed {
        let signed = NumberFormat { signed: true, with_currency: true, ..format };
        let (_, negative, _) = peel(text, signed);
        if negative || split_debit_or_credit(text).is_some() {
            return Some(NumberHint::Signed);
        }
    }
    if !format.with_currency {
        let (rest, _, currency) = peel(text, NumberFormat { with_currency: true, ..format });
        if !currency.is_empty() && is_plain_at_ends(rest) && !currency.eq_ignore_ascii_case("e") {
            return Some(NumberHint::Currency);
        }
    }
    let separated = digits.contains([',', '.', ' ', '\'', '’', '\u{a0}', '\u{202f}']);
    let known = |character| {
        character == format.decimal_separator || format.thousands_separator == Some(character)
    };
    let unknown =
        digits.contains(|character: char| !character.is_ascii_digit() && !known(character));
    // Groups that are no thousands: the separators may be the other way round.
    let is_misread = format.thousands_separator.is_some_and(|it| digits.contains(it));
    ((separated && unknown) || is_misread).then_some(NumberHint::Separators)
}

#[cfg(test)]
#[path = "cells_tests.rs"]
mod tests;
