//! Money as exact decimals, counted in millionths (contract, "The database": `…_micros`). Never a
//! float.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

/// Millionths in one unit of a currency.
const MICROS: i64 = 1_000_000;
/// Amounts stay below 10¹² units (contract, "Ledger"), so the difference of two always fits.
const LIMIT_MICROS: i64 = 1_000_000_000_000 * MICROS;

/// A signed amount of money, in millionths of the currency's unit. It does not hold the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

/// Why a text is not an amount. The caller adds the text when it shows the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is empty.
    #[error("it is empty")]
    Empty,
    /// Not digits, optionally followed by a point and more digits.
    #[error("it is not a plain decimal number")]
    NotPlain,
    /// More than six digits after the point.
    #[error("it has more than 6 decimals")]
    TooManyDecimals,
    /// The amount is 10¹² or more.
    #[error("it is not below 1,000,000,000,000")]
    TooLarge,
}

impl Amount {
    /// The amount 0.
    pub const ZERO: Amount = Amount(0);

    /// Reads ASCII digits, optionally followed by a point and one to six digits. A sign, a space,
    /// an exponent or a separator is an error (contract, "Ledger" and "Mismatches": a trustworthy
    /// answer).
    ///
    /// # Errors
    /// Every variant of [`AmountError`].
    pub fn parse(text: &str) -> Result<Amount, AmountError> {
        if text.is_empty() {
            return Err(AmountError::Empty);
        }
        let (units, decimals) = match text.split_once('.') {
            Some((units, decimals)) => (units, Some(decimals)),
            None => (text, None),
        };
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(units) || decimals.is_some_and(|decimals| !digits(decimals)) {
            return Err(AmountError::NotPlain);
        }
        let decimals = decimals.unwrap_or("");
        if decimals.len() > 6 {
            return Err(AmountError::TooManyDecimals);
        }
        let mut micros: i64 = 0;
        for digit in units
            .bytes()
            .chain(decimals.bytes())
            .chain(std::iter::repeat_n(b'0', 6 - decimals.len()))
        {
            micros = micros
                .checked_mul(10)
                .and_then(|micros| micros.checked_add(i64::from(digit - b'0')))
                .filter(|micros| *micros < LIMIT_MICROS)
                .ok_or(AmountError::TooLarge)?;
        }
        Ok(Amount(micros))
    }

    /// The amount from a number of millionths, as the database stores it.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Amount {
        Amount(micros)
    }

    /// The number of millionths, as the database stores it.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The sum of the two. `None` if its size is 10¹² or more.
    #[must_use]
    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        let sum = self.0.checked_add(other.0)?;
        (sum.abs() < LIMIT_MICROS).then_some(Amount(sum))
    }

    /// The absolute value.
    #[must_use]
    pub const fn abs(self) -> Amount {
        Amount(self.0.abs())
    }

    /// Whether the amount is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// This percentage of the amount, rounded half away from zero to `decimals` places (at
    /// most 6). `percent` is itself an exact decimal, for example 1.75.
    ///
    /// # Panics
    /// If the result does not fit. It fits if the amount is below the limit and `percent` is at
    /// most 100; `[policy]` accepts no higher percentage.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a bug should stop the run, not end in a wrong figure")]
    pub fn percent_of(self, percent: Amount, decimals: u32) -> Amount {
        let scale = i128::from(MICROS) * 100;
        let step = 10_i128.pow(6_u32.saturating_sub(decimals));
        let exact = i128::from(self.0) * i128::from(percent.0);
        let divisor = scale * step;
        let rounded = (exact.abs() + divisor / 2) / divisor * step * exact.signum();
        Amount(i64::try_from(rounded).expect("a part of an amount is an amount"))
    }

    /// `self` as a percentage of `whole`, for people: two decimals, rounded half away from zero.
    /// `None` if `whole` is zero, or above 9999 %, where a percentage has no meaning for a reader.
    #[must_use]
    pub fn as_percent_of(self, whole: Amount) -> Option<String> {
        const MAX_HUNDREDTHS: i128 = 999_900;
        if whole.is_zero() {
            return None;
        }
        let (part, whole) = (i128::from(self.0).abs(), i128::from(whole.0).abs());
        let hundredths = (part * 10_000 + whole / 2) / whole;
        (hundredths <= MAX_HUNDREDTHS)
            .then(|| format!("{}.{:02}", hundredths / 100, hundredths % 100))
    }
}

impl fmt::Display for Amount {
    /// A plain decimal number: two to six decimals, no separators (contract, "The report").
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Total(i128::from(self.0)).fmt(formatter)
    }
}

impl Add for Amount {
    type Output = Amount;
    fn add(self, other: Amount) -> Amount {
        Amount(self.0 + other.0)
    }
}

impl Sub for Amount {
    type Output = Amount;
    fn sub(self, other: Amount) -> Amount {
        Amount(self.0 - other.0)
    }
}

impl Neg for Amount {
    type Output = Amount;
    fn neg(self) -> Amount {
        Amount(-self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    /// Reads a text such as `"0.50"`. A TOML number would be read as a float first.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        deserializer.deserialize_str(QuotedAmount)
    }
}

/// Accepts only text. The error for any other value says what to write instead.
struct QuotedAmount;

impl Visitor<'_> for QuotedAmount {
    type Value = Amount;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an amount in quotes, such as \"0.50\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
        Amount::parse(text).map_err(|error| E::custom(format!("`{text}`: {error}")))
    }
}

/// A sum of amounts, in millionths. Wide enough for any number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Total(i128);

impl Total {
    /// Adds one amount.
    pub fn add(&mut self, amount: Amount) {
        self.0 += i128::from(amount.0);
    }

    /// The number of millionths.
    #[must_use]
    pub const fn micros(self) -> i128 {
        self.0
    }

    /// A total from the sums of whole units and of remaining millionths, as the database computes
    /// them.
    #[must_use]
    pub fn from_parts(units: i64, micros: i64) -> Total {
        Total(i128::from(units) * i128::from(MICROS) + i128::from(micros))
    }

    /// Reads a decimal in the form that [`Display`](fmt::Display) writes: an optional minus sign,
    /// any size.
    ///
    /// # Errors
    /// `NotPlain`, `TooManyDecimals` or `TooLarge`.
    pub fn parse(text: &str) -> Result<Total, AmountError> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (units, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let number = |part: &str| {
            let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if plain {
                part.parse::<i128>().map_err(|_| AmountError::TooLarge)
            } else {
                Err(AmountError::NotPlain)
            }
        };
        if decimals.len() > 6 {
            return Err(AmountError::TooManyDecimals);
        }
        let whole = number(units)?.checked_mul(i128::from(MICROS)).ok_or(AmountError::TooLarge)?;
        let part = number(&format!("{decimals:0<6}"))?;
        whole.checked_add(part).map(|sum| Total(sign * sum)).ok_or(AmountError::TooLarge)
    }
}

impl Neg for Total {
    type Output = Total;

    fn neg(self) -> Total {
        Total(-self.0)
    }
}

impl Sum<Total> for Total {
    fn sum<I: Iterator<Item = Total>>(totals: I) -> Total {
        Total(totals.map(|total| total.0).sum())
    }
}

impl Serialize for Total {
    /// As text, so that no reader turns it into a float.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Total {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Total, D::Error> {
        Total::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Display for Total {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (units, micros) =
            (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let decimals = format!("{micros:06}");
        let kept = decimals.trim_end_matches('0').len().max(2);
        formatter.pad(&format!("{sign}{units}.{}", &decimals[..kept]))
    }
}

#[cfg(test)]
#[path = "amount_fuzz_tests.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimals_are_amounts() {
        let cases = [
            ("12", Ok(12_000_000)),
            ("12.0", Ok(12_000_000)),
            ("12.00", Ok(12_000_000)),
            ("327757.283800", Ok(327_757_283_800)),
            ("0.000001", Ok(1)),
            ("007", Ok(7_000_000)),
            ("999999999999.999999", Ok(999_999_999_999_999_999)),
            ("1000000000000", Err(AmountError::TooLarge)),
            ("123456789012345678901234567890", Err(AmountError::TooLarge)),
            ("1.0000000", Err(AmountError::TooManyDecimals)),
            ("", Err(AmountError::Empty)),
            ("1,200.00", Err(AmountError::NotPlain)),
            ("1e2", Err(AmountError::NotPlain)),
            ("-5", Err(AmountError::NotPlain)),
            ("-0", Err(AmountError::NotPlain)),
            ("+5", Err(AmountError::NotPlain)),
            ("0x10", Err(AmountError::NotPlain)),
            ("１２", Err(AmountError::NotPlain)),
            (" 12", Err(AmountError::NotPlain)),
            ("1_000", Err(AmountError::NotPlain)),
            (".5", Err(AmountError::NotPlain)),
            ("5.", Err(AmountError::NotPlain)),
            ("1.2.3", Err(AmountError::NotPlain)),
        ];
        for (text, expected) in cases {
            assert_eq!(Amount::parse(text), expected.map(Amount::from_micros), "{text:?}");
        }
    }

    #[test]
    fn a_sum_stays_below_the_limit() {
        let largest = Amount(LIMIT_MICROS - 1);
        assert_eq!(largest.checked_add(Amount(1)), None);
        assert_eq!((-largest).checked_add(Amount(-1)), None);
        assert_eq!(largest.checked_add(Amount(-2)), Some(Amount(LIMIT_MICROS - 3)));
    }

    #[test]
    fn shows_two_to_six_decimals() {
        for (micros, shown) in [
            (0, "0.00"),
            (1, "0.000001"),
            (-10_000_000, "-10.00"),
            (490_500_000, "490.50"),
            (1_234_500, "1.2345"),
        ] {
            assert_eq!(Amount::from_micros(micros).to_string(), shown);
        }
    }

    #[test]
    fn percentages_round_half_away_from_zero() {
        let percent = Amount::from_micros(1_750_000);
        let of = |text| Amount::parse(text).unwrap_or_default().percent_of(percent, 2).to_string();
        assert_eq!(of("500.00"), "8.75");
        assert_eq!(of("0.29"), "0.01");
        assert_eq!(of("0.28"), "0.00");
        let ten = Amount::from_micros(-10_000_000);
        assert_eq!(ten.as_percent_of(Amount::from_micros(500_000_000)).as_deref(), Some("2.00"));
        assert_eq!(ten.as_percent_of(Amount::ZERO), None);
        assert_eq!(ten.as_percent_of(Amount::from_micros(100_010)).as_deref(), Some("9999.00"));
        assert_eq!(ten.as_percent_of(Amount::from_micros(100_009)), None);
    }

    #[test]
    fn a_hundred_per_cent_of_the_largest_amount_fits() {
        let largest = Amount::from_micros(LIMIT_MICROS - 1);
        let hundred = Amount::from_micros(100 * MICROS);
        assert_eq!(largest.percent_of(hundred, 6), largest);
        assert_eq!((-largest).percent_of(hundred, 6), -largest);
        assert_eq!(largest.percent_of(hundred, 0).micros(), LIMIT_MICROS);
    }

    #[test]
    fn a_total_reads_its_own_text() {
        for text in ["0.00", "-10.00", "99999999999999999999.123456", "7.10"] {
            assert_eq!(Total::parse(text).map(|total| total.to_string()), Ok(text.to_owned()));
        }
    }
}
