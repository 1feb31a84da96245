//! Amounts and their currency.

use super::Decisions;
use crate::domain::text::clean;
use crate::ledger::Column;
use crate::ledger::currencies::{Signs, is_of_iso};
use crate::ledger::suggest::amounts::{Amounts, Habit, Separators};
use crate::ledger::suggest::choosing::quoted;
use crate::ledger::suggest::habit::{EXAMPLE, rows};
use crate::ledger::suggest::headings;
use crate::ledger::suggest::is_same_word;
use crate::ledger::suggest::items::Items;
use crate::ledger::suggest::proposal::entry;
use crate::ledger::vocabulary::Vocabulary;

/// Signs that one currency alone has.
const SIGNS: [(&str, &str); 12] = [
    ("₹", "inr"),
    ("€", "eur"),
    ("₩", "krw"),
    ("₫", "vnd"),
    ("฿", "thb"),
    ("₱", "php"),
    ("₴", "uah"),
    ("₺", "try"),
    ("₽", "rub"),
    ("₦", "ngn"),
    ("₪", "ils"),
    ("৳", "bdt"),
];

impl Decisions<'_> {
    /// How amounts are written. Returns the separators, where the file leaves no doubt.
    pub(super) fn amounts(&mut self) -> Option<Separators> {
        let amounts = self.all_amounts()?;
        self.signs(&amounts);
        self.unit(&amounts);
        if amounts.long.is_any() && !self.suggestion.is_given("round_amounts") {
            let text = format!(
                "{} amounts have more than 6 decimals, the first in line {} ({}). Such a row is \
                 invalid until it is said to how many decimals amounts are rounded",
                amounts.long.count,
                amounts.long.line,
                clean(&amounts.long.cell)
            );
            self.suggestion.leave_open("", "round_amounts", text, [entry("round_amounts", 2)]);
        }
        self.separators(&amounts)
    }

    /// The cells of `amount`, or of `credit` and `debit` together.
    fn all_amounts(&self) -> Option<Amounts> {
        match (self.facts(Column::Credit), self.facts(Column::Debit)) {
            (Some(credit), Some(debit)) => Some(credit.amounts.with(&debit.amounts)),
            _ => self.facts(Column::Amount).map(|facts| facts.amounts.clone()),
        }
    }

    fn separators(&mut self, amounts: &Amounts) -> Option<Separators> {
        if ["thousands_separator", "decimal_separator"]
            .iter()
            .any(|key| self.suggestion.is_given(key))
        {
            let settings = self.settings;
            return Some((settings.thousands_separator, settings.decimal_separator));
        }
        match amounts.habit() {
            Habit::One(separators) => {
                for (key, separator) in keys(separators) {
                    self.suggestion.propose(key, separator, None);
                }
                Some(separators)
            }
            Habit::Ambiguous { formats, cell: (line, cell) } => {
                let readings: Vec<_> =
                    formats.iter().map(|(_, reading)| reading.as_str()).collect();
                let text = format!(
                    "amounts can be read in two ways: {} in line {line} is {}. As long as nothing \
                     is set, \".\" is before the decimals",
                    clean(&cell),
                    readings.join(" or ")
                );
                let choices =
                    formats.iter().map(|(separators, reading)| choice(*separators, reading));
                let choices: Vec<_> = choices.collect();
                self.suggestion.leave_open("", "decimal_separator", text, choices);
                None
            }
            Habit::Contradicted(line, cell) => {
                let text = format!(
                    "amounts are written in more than one way: {} in line {line} is written in \
                     another way than those above it",
                    clean(&cell)
                );
                self.suggestion.leave_open("", "decimal_separator", text, []);
                None
            }
            Habit::None => None,
        }
    }

    fn signs(&mut self, amounts: &Amounts) {
        let negative = &amounts.negative;
        if negative.is_any() && !self.suggestion.is_given("signed_amounts") {
            let text = format!(
                "{} with a negative amount, the first in line {} ({}). Are they expenses, such as \
                 payouts? Rows that are fees, refunds or transfers are no orders: skip them \
                 ([[ledger.skip]])",
                rows(negative.count),
                negative.line,
                clean(&negative.cell)
            );
            let choices = [(true, "they are expenses"), (false, "they are invalid unless skipped")];
            let choices =
                choices.map(|(is, why)| format!("{} # {why}", entry("signed_amounts", is)));
            self.suggestion.leave_open("", "signed_amounts", text, choices);
        } else if amounts.signed.is_any() {
            self.suggestion.propose("signed_amounts", true, None);
        }
        let signs = Signs::new();
        let is_known = |sign: &str| signs.knows(sign) || self.is_mapped("currencies", sign);
        let known = amounts.currencies.iter().find(|(sign, _)| is_known(sign));
        if let Some((_, example)) = known {
            let line = example.line;
            let note = format!("line {line} has a currency beside its amount");
            self.suggestion.propose("currency_in_amount", true, Some(note));
        }
    }

    fn unit(&mut self, amounts: &Amounts) {
        if amounts.read == 0 || amounts.with_decimals > 0 {
            return;
        }
        let columns = [Column::Amount, Column::Credit, Column::Debit];
        let headings = columns.iter().filter_map(|column| self.facts(*column));
        let headings: Vec<String> = headings.map(|facts| facts.heading.clone()).collect();
        if !self.unit_of_headings(&headings) {
            let text = "every amount is a whole number. If they are in the currency's smallest \
                        unit (paise, cents), say so; if they are whole rupees, say \"major\"";
            self.open_unit(text.to_owned(), ["major", "minor"]);
        }
    }

    /// Whether a heading names a currency's smallest unit, which is then said.
    pub(super) fn unit_of_headings(&mut self, headings: &[String]) -> bool {
        let units = headings.iter().find_map(|it| Some((it, headings::smallest_unit(it)?)));
        let Some((heading, unit)) = units else { return false };
        let text = format!(
            "the heading {} says {unit}: then amounts are in the currency's smallest unit \
             (\"minor\"), and 100 is 1.00",
            quoted(heading)
        );
        self.open_unit(text, ["minor", "major"]);
        true
    }

    fn open_unit(&mut self, text: String, units: [&str; 2]) {
        if !self.suggestion.is_given("amount_unit") {
            let choices = units.map(|unit| entry("amount_unit", unit));
            self.suggestion.leave_open("", "amount_unit", text, choices);
        }
    }

    /// The currency of the amounts.
    pub(super) fn currency(&mut self) {
        if self.facts(Column::Currency).is_some() {
            self.currency_words();
            return;
        }
        if self.suggestion.is_given("currency") || self.is_one_of_several() {
            return;
        }
        let columns = [Column::Amount, Column::Credit];
        let heading = columns.iter().find_map(|column| self.facts(*column)).map(|it| &it.heading);
        if let Some(heading) = heading
            && let Some(currency) = headings::currency(heading)
        {
            let note = format!("the heading {} says so", quoted(heading));
            self.suggestion.propose("currency", currency, Some(note));
            return;
        }
        let amounts = self.all_amounts().unwrap_or_default();
        let text = match self.currency_beside(&amounts) {
            Some(Ok(currency)) => {
                let note = "each amount says so".to_owned();
                self.suggestion.propose("currency", currency, Some(note));
                return;
            }
            Some(Err(unclear)) => {
                format!("the currency beside the amounts is not clear: {unclear}")
            }
            None => "no heading has a usual name of currency, and no column has currencies alone. \
                     Name the currency of all orders"
                .to_owned(),
        };
        self.suggestion.leave_open("", "currency", text, [example()]);
    }

    /// Whether several columns could be the currency's, which is then said.
    fn is_one_of_several(&mut self) -> bool {
        let several = self.several(Column::Currency);
        let quoted: Vec<String> = several.iter().map(|it| quoted(it)).collect();
        let text = format!(
            "{} have currencies, and not the same ones: say which one is that of the amounts",
            quoted.join(" and ")
        );
        let choices: Vec<String> =
            several.iter().map(|heading| entry("currency", &**heading)).collect();
        if several.is_empty() {
            return false;
        }
        self.suggestion.leave_open("columns", "currency", text, choices);
        true
    }

    /// The currency that stands beside each amount, or why it is not clear; `None`: there is none
    /// beside some amounts.
    fn currency_beside(&self, amounts: &Amounts) -> Option<Result<String, String>> {
        if amounts.read == 0 || amounts.with_currency.count < amounts.read {
            return None;
        }
        let (signs, vocabulary) = (Signs::new(), Vocabulary::new(self.settings));
        let mut found: Option<String> = None;
        for (sign, example) in amounts.currencies.iter() {
            let place = format!("{} in line {}", clean(&example.cell), example.line);
            match signs.agree(sign, None, vocabulary.currencies()) {
                Err(error) => return Some(Err(format!("in line {}, {error}", example.line))),
                Ok(currency) => match &found {
                    Some(other) if *other != currency => {
                        return Some(Err(format!("{place}, and {other} in others")));
                    }
                    _ => found = Some(currency),
                },
            }
        }
        found.map(Ok)
    }

    fn currency_words(&mut self) {
        let Some(facts) = self.facts(Column::Currency) else { return };
        let heading = facts.heading.clone();
        let words: Vec<_> = facts
            .words
            .iter()
            .filter(|(word, _)| !is_of_iso(word) && !self.is_mapped("currencies", word))
            .map(|(word, example)| (word.to_owned(), example.clone()))
            .collect();
        for (word, example) in words {
            let sign = SIGNS.iter().find(|(sign, _)| is_same_word(sign, &word));
            if let Some((_, currency)) = sign {
                self.suggestion.propose_in("currencies", &word, *currency, None);
                continue;
            }
            let text = format!(
                "{} in {} ({}, the first in line {}) is no currency of ISO 4217. Say which \
                 one it means",
                quoted(&word),
                quoted(&heading),
                rows(example.count),
                example.line
            );
            let choice = format!("{} {EXAMPLE}", entry(&word, "inr"));
            self.suggestion.leave_open("currencies", "currencies", text, [choice]);
        }
    }

    /// Rows with an amount whose currency is empty.
    pub(super) fn empty_currencies(&mut self, items: &Items) {
        let Some(facts) = self.facts(Column::Currency) else { return };
        let empty = &items.no_currency;
        if !empty.is_any() || self.suggestion.is_given("currency") {
            return;
        }
        let text = format!(
            "{} is empty in {} with an amount, the first in line {}. Such a row is invalid until \
             its currency is named",
            quoted(&facts.heading),
            rows(empty.count),
            empty.line
        );
        self.suggestion.leave_open("", "currency", text, [example()]);
    }

    /// Whether the configuration maps this word.
    pub(super) fn is_mapped(&self, table: &str, word: &str) -> bool {
        let table = self.suggestion.given.get(table).and_then(toml::Value::as_table);
        table.is_some_and(|table| table.keys().any(|key| is_same_word(key, word)))
    }
}

/// A line that names the currency.
fn example() -> String {
    format!("{} {EXAMPLE}", entry("currency", "inr"))
}

/// The keys that differ from their defaults.
fn keys((thousands, decimal): Separators) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    if let Some(thousands) = thousands {
        keys.push(("thousands_separator", thousands.to_string()));
    }
    if decimal != '.' {
        keys.push(("decimal_separator", decimal.to_string()));
    }
    keys
}

/// The lines of one way to read the amounts.
fn choice((thousands, decimal): Separators, reading: &str) -> String {
    let mut keys = keys((thousands, decimal));
    if keys.is_empty() {
        keys.push(("decimal_separator", decimal.to_string()));
    }
    let lines: Vec<String> = keys.into_iter().map(|(key, value)| entry(key, value)).collect();
    format!("{} # {reading}", lines.join("\n"))
}
