//! Numbers as spreadsheets show them, held against amounts and ids. All of it works on digits: no
//! figure is computed in binary.

use super::cell::Cell;
use crate::domain::amount::Amount;
use crate::domain::guard::guarded;

/// A spreadsheet's cell keeps 15 digits.
const KEPT_DIGITS: usize = 15;
/// A binary number that is written out exactly enough to be read back has at most these.
const BINARY_DIGITS: usize = 17;
/// A cell in the spreadsheet's usual format shows at least these digits of a long number.
const SHOWN_DIGITS: usize = 10;

/// A decimal number: `digits` × 10^`exponent`. Digits neither begin nor end with a 0; those of
/// zero are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Plain {
    fn new(is_negative: bool, digits: &str, exponent: i64) -> Plain {
        let kept = digits.trim_end_matches('0');
        let dropped = i64::try_from(digits.len() - kept.len()).unwrap_or(i64::MAX);
        let digits = kept.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Plain { is_negative: false, digits, exponent: 0 };
        }
        Plain { is_negative, digits, exponent: exponent.saturating_add(dropped) }
    }

    /// Reads a number with this decimal separator: a sign in front or behind, or parentheses;
    /// groups of digits; an exponent.
    pub(super) fn parse(text: &str, point: char) -> Option<Plain> {
        let text = text.trim();
        if text.len() > 60 {
            return None;
        }
        let in_parentheses = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
        let is_minus = |it: char| it == '-' || it == '\u{2212}';
        let (is_negative, unsigned) = match in_parentheses {
            Some(inner) => (true, inner),
            None => match text.strip_prefix(is_minus).or_else(|| text.strip_suffix(is_minus)) {
                Some(rest) => (true, rest),
                None => (false, text.strip_prefix('+').unwrap_or(text)),
            },
        };
        let (mantissa, exponent) = match unsigned.trim().split_once(['e', 'E']) {
            Some((mantissa, exponent)) if exponent.len() <= 5 => (mantissa, exponent.parse().ok()?),
            Some(_) => return None,
            None => (unsigned.trim(), 0),
        };
        let (units, decimals) = mantissa.split_once(point).unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let units = without_groups(units, point)?;
        if !is_digits(decimals) || (units.is_empty() && decimals.is_empty()) {
            return None;
        }
        let places = i64::try_from(decimals.len()).ok()?;
        let exponent: i64 = exponent;
        Some(Plain::new(is_negative, &format!("{units}{decimals}"), exponent - places))
    }

    fn of_amount(amount: Amount) -> Option<Plain> {
        Plain::parse(&amount.to_string(), '.')
    }

    /// The number with at most this many digits, the rest cut off.
    fn cut(&self, count: usize) -> Plain {
        let Some(kept) = self.digits.get(..count) else { return self.clone() };
        let dropped = i64::try_from(self.digits.len() - count).unwrap_or(i64::MAX);
        Plain::new(self.is_negative, kept, self.exponent.saturating_add(dropped))
    }

    /// The number with at most this many digits, rounded half away from zero.
    fn rounded(&self, count: usize) -> Plain {
        let next = self.digits.as_bytes().get(count);
        if next.is_none_or(|next| *next < b'5') {
            return self.cut(count);
        }
        let mut digits = self.digits.as_bytes()[..count].to_vec();
        let nines = digits.iter().rev().take_while(|digit| **digit == b'9').count();
        digits.truncate(count - nines);
        match digits.last_mut() {
            Some(last) => *last += 1,
            None => digits.push(b'1'),
        }
        // All nines carry into a digit in front, which counts one place more.
        let places = if nines == count { 1 } else { digits.len() };
        let dropped = self.digits.len() - places;
        let carried = usize::from(nines == count);
        let exponent = i64::try_from(dropped + carried).unwrap_or(i64::MAX);
        let digits = String::from_utf8(digits).unwrap_or_default();
        Plain::new(self.is_negative, &digits, self.exponent.saturating_add(exponent))
    }

    /// Whether it is this amount, as a spreadsheet shows it: digits after the 15th are lost, and
    /// the usual format shows fewer.
    pub(super) fn is_amount(&self, amount: Amount) -> bool {
        let Some(written) = Plain::of_amount(amount) else { return false };
        *self == written
            || self.rounded(KEPT_DIGITS) == written.rounded(KEPT_DIGITS)
            || (SHOWN_DIGITS..KEPT_DIGITS).any(|count| *self == written.rounded(count))
    }
}

/// Digits without the characters between groups: `1,234`, `12,34,567`, `1 234`, `1'234`.
fn without_groups(units: &str, point: char) -> Option<String> {
    let is_mark = |it: char| {
        it != point && (matches!(it, '.' | ',' | '\'' | '\u{2019}') || it.is_whitespace())
    };
    let mut groups = units.split(is_mark).rev();
    let last = groups.next()?;
    let others: Vec<&str> = groups.collect();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = others.is_empty() || last.len() == 3;
    let fits = |group: &&str| (1..=3).contains(&group.len()) && is_digits(group);
    let inner_fit = others.iter().rev().skip(1).all(|group| group.len() >= 2);
    (is_whole && is_digits(last) && others.iter().all(fits) && inner_fit)
        .then(|| others.iter().rev().chain([&last]).copied().collect())
}

/// Whether a cell shows an id as it was written or as a spreadsheet renders it: leading zeros or an
/// outer `'` gone or added, and digits after the 15th lost.
pub(super) fn is_same_id(cell: &Cell, written: &str) -> bool {
    let shown = cell.shown();
    let written = written.trim();
    if shown == written || guarded(shown.as_bytes()) == guarded(written.as_bytes()) {
        return true;
    }
    let (shown, written) = (without_quote(&shown), without_quote(written));
    if shown == written {
        return true;
    }
    let is_number = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    let Some(own) = Plain::parse(written, '.').filter(|_| is_number) else { return false };
    let own_digits = written.trim_start_matches('0').len();
    ['.', ','].into_iter().filter_map(|point| Plain::parse(shown, point)).any(|number| {
        if number == own {
            return true;
        }
        if own_digits <= KEPT_DIGITS || number.is_negative {
            return false;
        }
        let digits = number.digits.len();
        (digits <= KEPT_DIGITS
            && (number == own.rounded(KEPT_DIGITS) || number == own.cut(KEPT_DIGITS)))
            || (digits <= BINARY_DIGITS && binary(shown) == binary(written))
    })
}

fn without_quote(text: &str) -> &str {
    let text = text.strip_prefix('\'').unwrap_or(text);
    text.strip_suffix('\'').unwrap_or(text).trim()
}

/// The nearest binary number, as text: two ids that a number cell can't tell apart are the same
/// here. Nothing is computed with it.
fn binary(digits: &str) -> String {
    digits.parse().unwrap_or(0.0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell {
        Cell::text(text)
    }

    #[test]
    fn ids_as_spreadsheets_render_them() {
        let id = "12345678901234567890";
        for (shown, written, is_same) in [
            (id, id, true),
            ("1.23456789012346E+19", id, true),
            ("1,23456789012346E+19", id, true),
            ("1.23456789012346E+019", id, true),
            ("1.23456789012345E+19", id, true),
            ("12345678901234600000", id, true),
            ("12345678901234500000", id, true),
            ("12345678901234567000", id, true),
            ("12345678901234567891", id, false),
            ("12345678901234567880", id, false),
            ("12345678901234700000", id, false),
            ("1.23456789012346E+18", id, false),
            ("1.23457E+19", id, false),
            ("-1.23456789012346E+19", id, false),
            ("'12345678901234567890", id, true),
            ("00000012345678901234567890", id, true),
            ("1234567890123457", "1234567890123456", false),
            ("1234567890123460", "1234567890123456", true),
            ("42", "0042", true),
            ("'0042", "0042", true),
            ("0042", "'0042", true),
            ("42.0", "0042", true),
            ("43", "0042", false),
            ("", "0", false),
            ("A1", "A1", true),
            ("a1", "A1", false),
            ("A01", "A1", false),
            ("'=A", "=A", true),
            ("503", "0503E000", false),
        ] {
            assert_eq!(is_same_id(&cell(shown), written), is_same, "{shown} for {written}");
        }
    }

    #[test]
    fn numbers_with_groups_signs_and_exponents() {
        let plain = |text| Plain::parse(text, '.');
        for text in ["-1234.5", "-1,234.50", "(1234.50)", "1234.5-", "−1234.5", "-1.2345E+3"] {
            assert_eq!(plain(text), plain("-1234.500"), "{text}");
        }
        for text in ["1234567", "12,34,567", "1 234 567", "1'234'567", "1\u{202f}234\u{a0}567.00"] {
            assert_eq!(plain(text), plain("1234567.0"), "{text}");
        }
        for text in ["", "-", ".", "1,23", "1,2,345", "12,345,67", "1.2.3", "abc", "1e", "1e999999"]
        {
            assert_eq!(plain(text), None, "{text}");
        }
        assert_eq!(plain("-0.00"), plain("0"));
    }

    #[test]
    fn amounts_as_spreadsheets_show_them() {
        for (shown, written, is_same) in [
            ("10", "10.00", true),
            ("10.01", "10.00", false),
            ("123456789012.123", "123456789012.123456", true),
            ("123456789012.124", "123456789012.123456", false),
            ("123456789.1", "123456789.123456", true),
            ("99999.99999", "99999.999999", false),
            ("1000000000", "999999999.999999", true),
            ("1.23457E+11", "123456789012.00", false),
        ] {
            let written = Amount::parse(written).unwrap_or_default();
            let shown = Plain::parse(shown, '.');
            assert_eq!(shown.is_some_and(|it| it.is_amount(written)), is_same, "{written}");
        }
    }
}
