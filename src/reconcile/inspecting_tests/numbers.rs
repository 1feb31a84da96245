//! How a random export writes amounts.

use fastrand::Rng;
use std::fmt::Write;

/// Where the currency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Currency {
    /// In a column of its own.
    Column,
    /// Nowhere: only the configuration says it.
    Configured,
    /// Beside each amount.
    Amount(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    None,
    Front,
    Back,
    Brackets,
    Dr,
}

pub(super) struct NumberHabit {
    thousands: Option<char>,
    decimal: char,
    minor: bool,
    indian: bool,
    sign: Sign,
    pub(super) in_two_columns: bool,
    pub(super) currency: Currency,
}

pub(super) fn random(rng: &mut Rng, has_directions: bool, encoding: &str) -> NumberHabit {
    let separators = [
        (None, '.'),
        (None, '.'),
        (Some(','), '.'),
        (Some('.'), ','),
        (None, ','),
        (Some(' '), ','),
        (Some('\''), '.'),
    ];
    let (thousands, decimal) = separators[rng.usize(..separators.len())];
    let minor = rng.u32(..8) == 0;
    let (thousands, decimal) = if minor { (None, '.') } else { (thousands, decimal) };
    let in_two_columns = !has_directions && rng.u32(..6) == 0;
    let signs = [Sign::None, Sign::None, Sign::Front, Sign::Back, Sign::Brackets, Sign::Dr];
    let sign =
        if has_directions || in_two_columns { Sign::None } else { signs[rng.usize(..signs.len())] };
    let currency = match rng.u32(..6) {
        0..3 => Currency::Column,
        3 | 4 => Currency::Configured,
        // Windows-1252 has no rupee sign.
        _ if encoding == "windows-1252" => Currency::Amount("", " INR"),
        _ => [Currency::Amount("₹", ""), Currency::Amount("", " INR")][rng.usize(..2)],
    };
    NumberHabit { thousands, decimal, minor, indian: rng.bool(), sign, in_two_columns, currency }
}

impl NumberHabit {
    pub(super) fn has_sign(&self) -> bool {
        self.sign != Sign::None || self.in_two_columns
    }

    /// Whether each amount has to have its currency in its row.
    pub(super) fn needs_currency(&self) -> bool {
        self.minor && self.currency == Currency::Column
    }

    /// An amount of so many paise.
    pub(super) fn written(&self, rng: &mut Rng, paise: i64, is_expense: bool) -> String {
        let mut number = if self.minor {
            paise.to_string()
        } else {
            let units = self.grouped(paise / 100);
            match rng.u32(..4) {
                0 if paise % 100 == 0 => units,
                1 if paise % 10 == 0 => format!("{units}{}{}", self.decimal, paise % 100 / 10),
                _ => format!("{units}{}{:02}", self.decimal, paise % 100),
            }
        };
        if let Currency::Amount(before, behind) = self.currency {
            number = format!("{before}{number}{behind}");
        }
        if !is_expense {
            return number;
        }
        match self.sign {
            Sign::None => number,
            Sign::Front => format!("-{number}"),
            Sign::Back => format!("{number}-"),
            Sign::Brackets => format!("({number})"),
            Sign::Dr => format!("{number} Dr"),
        }
    }

    fn grouped(&self, units: i64) -> String {
        let digits = units.to_string();
        let Some(separator) = self.thousands else { return digits };
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            let left = digits.len() - index;
            let is_border = match left {
                3 => true,
                _ if self.indian => left > 3 && (left - 3).is_multiple_of(2),
                _ => left.is_multiple_of(3),
            };
            if index > 0 && is_border {
                grouped.push(separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// `has_expense`: the file has a negative amount.
    pub(super) fn config(&self, has_expense: bool) -> String {
        let mut text = String::new();
        if let Some(thousands) = self.thousands {
            let _written = writeln!(text, "thousands_separator = {:?}", thousands.to_string());
        }
        if self.decimal != '.' {
            let _written = writeln!(text, "decimal_separator = {:?}", self.decimal.to_string());
        }
        if self.sign != Sign::None && has_expense {
            text.push_str("signed_amounts = true\n");
        }
        if self.minor {
            text.push_str("amount_unit = 'minor'\n");
        }
        match self.currency {
            Currency::Column => {}
            Currency::Configured => text.push_str("currency = 'inr'\n"),
            Currency::Amount(..) => {
                text.push_str("currency = 'inr'\ncurrency_in_amount = true\n");
            }
        }
        text
    }
}
