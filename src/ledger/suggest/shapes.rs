//! The shape of a date: which formats could have written a cell. Only names and digits are looked
//! at here; whether a format reads the cell is up to the reader.

use crate::tabular::DateFormat;
use std::fmt::Write;

/// The order of day, month and year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
    /// Year, month, day.
    Ymd,
    /// Seconds since 1970.
    Epoch,
}

/// Longer cells are no dates.
const LONGEST: usize = 48;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A piece of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    /// Everything else.
    Mark(&'a str),
}

/// Formats that may have written a cell, in strftime's notation.
type Texts = Vec<(Order, String)>;

/// The shape of a cell: cells of one shape have the same formats. `None`: it is no date.
pub(super) fn shape_of(cell: &str) -> Option<String> {
    texts(cell)?.into_iter().next().map(|(_, text)| text)
}

/// The formats that may have written a cell, by order; `None` stands for those that are read
/// without configuration.
pub(super) fn formats_of(cell: &str) -> Vec<(Order, Option<DateFormat>)> {
    let texts = texts(cell).unwrap_or_default();
    let mut formats = Vec::new();
    if texts.iter().any(|(order, text)| *order == Order::Ymd && text.starts_with("%Y-%m-%d")) {
        formats.push((Order::Ymd, None));
    }
    for (order, text) in texts {
        if let Ok(format) = DateFormat::new(&text) {
            formats.push((order, Some(format)));
        }
    }
    formats
}

fn texts(cell: &str) -> Option<Texts> {
    if cell.len() > LONGEST || !cell.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut tokens = Tokens(cell);
    if let [Token::Number(digits)] = tokens.clone().collect::<Vec<_>>()[..] {
        return compact(digits);
    }
    let lead = weekday(&mut tokens);
    let dates = date(&mut tokens)?;
    let times = time(&mut tokens)?;
    let mut texts = Vec::new();
    for (order, date) in dates {
        texts.extend(times.iter().map(|time| (order, format!("{lead}{date}{time}"))));
    }
    Some(texts)
}

/// A cell of digits alone.
fn compact(digits: &str) -> Option<Texts> {
    let texts: &[(Order, &str)] = match digits.len() {
        8 => &[(Order::Dmy, "%d%m%Y"), (Order::Mdy, "%m%d%Y"), (Order::Ymd, "%Y%m%d")],
        10 => &[(Order::Epoch, "epoch")],
        13 => &[(Order::Epoch, "epoch_ms")],
        14 => &[(Order::Ymd, "%Y%m%d%H%M%S")],
        _ => return None,
    };
    Some(texts.iter().map(|(order, text)| (*order, (*text).to_owned())).collect())
}

/// A weekday and what follows it, as a format; empty where there is none.
fn weekday(tokens: &mut Tokens) -> String {
    let mut ahead = tokens.clone();
    if let (Some(Token::Word(word)), Some(Token::Mark(mark))) = (ahead.next(), ahead.next())
        && let Some(is_long) = name(word, &WEEKDAYS)
    {
        *tokens = ahead;
        return format!("{}{}", if is_long { "%A" } else { "%a" }, literal(mark));
    }
    String::new()
}

/// Day, month and year, and what stands between them.
fn date(tokens: &mut Tokens) -> Option<Texts> {
    let first = tokens.next()?;
    let first_mark = tokens.mark();
    let second = tokens.next()?;
    let second_mark = tokens.mark();
    let Token::Number(third) = tokens.next()? else { return None };
    // A colon stands in times alone.
    if first_mark.contains(':') || second_mark.contains(':') {
        return None;
    }
    let (one, two) = (literal(first_mark), literal(second_mark));
    let year = |digits: &str| match digits.len() {
        4 => Some("%Y"),
        2 => Some("%y"),
        _ => None,
    };
    let is_short = |digits: &str| digits.len() <= 2;
    let texts = match (first, second) {
        (Token::Number(first), Token::Number(second)) if is_short(second) => {
            if first.len() == 4 && is_short(third) {
                vec![(Order::Ymd, format!("%Y{one}%m{two}%d"))]
            } else {
                let last = year(third).filter(|_| is_short(first))?;
                let mut texts = vec![
                    (Order::Dmy, format!("%d{one}%m{two}{last}")),
                    (Order::Mdy, format!("%m{one}%d{two}{last}")),
                ];
                if last == "%y" {
                    texts.push((Order::Ymd, format!("%y{one}%m{two}%d")));
                }
                texts
            }
        }
        (Token::Number(first), Token::Word(word)) => {
            let month = month(word)?;
            if first.len() == 4 && is_short(third) {
                vec![(Order::Ymd, format!("%Y{one}{month}{two}%d"))]
            } else {
                let last = year(third).filter(|_| is_short(first))?;
                vec![(Order::Dmy, format!("%d{one}{month}{two}{last}"))]
            }
        }
        (Token::Word(word), Token::Number(second)) if is_short(second) => {
            let month = month(word)?;
            vec![(Order::Mdy, format!("{month}{one}%d{two}{}", year(third)?))]
        }
        _ => return None,
    };
    Some(texts)
}

/// The format of a month's name.
fn month(word: &str) -> Option<&'static str> {
    // September is cut after its third letter or its fourth.
    if word.eq_ignore_ascii_case("sept") {
        return Some("%bt");
    }
    name(word, &MONTHS).map(|is_long| if is_long { "%B" } else { "%b" })
}

/// The time of day with all that stands before it and behind it: formats that may have written it.
fn time(tokens: &mut Tokens) -> Option<Vec<String>> {
    let mut before = String::new();
    let hour = loop {
        match tokens.next() {
            None if before.is_empty() => return Some(vec![String::new()]),
            Some(Token::Mark(mark)) => before.push_str(&literal(mark)),
            Some(Token::Word(word @ ("T" | "t" | "at"))) => before.push_str(word),
            Some(Token::Number(hour)) if hour.len() <= 2 && !before.is_empty() => break hour,
            _ => return None,
        }
    };
    debug_assert!(!hour.is_empty());
    let mut behind = String::new();
    let colon = tokens.mark();
    if !matches!(colon, ":" | ".") {
        return None;
    }
    number(tokens, 2)?;
    let _written = write!(behind, "{colon}%M");
    let mut ahead = tokens.clone();
    if ahead.mark() == colon && number(&mut ahead, 2).is_some() {
        *tokens = ahead;
        let _written = write!(behind, "{colon}%S");
        let mut ahead = tokens.clone();
        if ahead.mark() == "." && matches!(ahead.next(), Some(Token::Number(_))) {
            *tokens = ahead;
            behind.push_str("%.f");
        }
    }
    let has_half = half_of_day(tokens, &mut behind);
    offset(tokens, &mut behind)?;
    // Some exports write the half of the day beside a clock of 24 hours.
    let hours: &[&str] = if has_half { &["%I", "%H"] } else { &["%H"] };
    Some(hours.iter().map(|hour| format!("{before}{hour}{behind}")).collect())
}

/// `AM` or `PM`, with what stands before it.
fn half_of_day(tokens: &mut Tokens, behind: &mut String) -> bool {
    let mut ahead = tokens.clone();
    let mark = ahead.mark();
    if let Some(Token::Word(word)) = ahead.next()
        && ["am", "pm"].iter().any(|half| word.eq_ignore_ascii_case(half))
    {
        *tokens = ahead;
        behind.push_str(&literal(mark));
        behind.push_str("%p");
        return true;
    }
    false
}

/// An offset to the end of the cell; nothing is one too.
fn offset(tokens: &mut Tokens, behind: &mut String) -> Option<()> {
    let Some(token) = tokens.next() else { return Some(()) };
    let (mark, word) = match token {
        Token::Word(word) => ("", Some(word)),
        Token::Mark(mark) => match tokens.next()? {
            Token::Word(word) => (mark, Some(word)),
            Token::Number(_) => (mark.strip_suffix(['+', '-'])?, None),
            Token::Mark(_) => return None,
        },
        Token::Number(_) => return None,
    };
    if word.is_some_and(|word| !matches!(word, "Z" | "UTC" | "GMT")) {
        return None;
    }
    behind.push_str(&literal(mark));
    behind.push_str("%z");
    if word.is_none() && tokens.mark() == ":" {
        number(tokens, 2)?;
    }
    tokens.next().is_none().then_some(())
}

fn number(tokens: &mut Tokens, length: usize) -> Option<()> {
    matches!(tokens.next(), Some(Token::Number(digits)) if digits.len() == length).then_some(())
}

/// Whether a word is one of these names: in full, or its first three letters.
fn name(word: &str, names: &[&str]) -> Option<bool> {
    let word = word.to_lowercase();
    let is = |name: &&str| **name == *word || (word.len() == 3 && name.starts_with(&word));
    names.iter().any(is).then_some(word.len() > 3)
}

/// A text that a format has as it is.
fn literal(text: &str) -> String {
    text.replace('%', "%%")
}

/// The pieces of a cell.
#[derive(Debug, Clone)]
struct Tokens<'a>(&'a str);

impl<'a> Tokens<'a> {
    /// Consumes a mark; empty where none is next.
    fn mark(&mut self) -> &'a str {
        let mut ahead = self.clone();
        match ahead.next() {
            Some(Token::Mark(mark)) => {
                *self = ahead;
                mark
            }
            _ => "",
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let class = |character: char| {
            (character.is_ascii_digit(), !character.is_ascii_digit() && character.is_alphabetic())
        };
        let first = class(self.0.chars().next()?);
        let end = self.0.find(|character| class(character) != first).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(match first {
            (true, _) => Token::Number(text),
            (_, true) => Token::Word(text),
            _ => Token::Mark(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_their_formats() {
        let cases: [(&str, &[&str]); 27] = [
            ("10/04/2026", &["%d/%m/%Y", "%m/%d/%Y"]),
            ("1.4.2026", &["%d.%m.%Y", "%m.%d.%Y"]),
            ("10-04-26", &["%d-%m-%y", "%m-%d-%y", "%y-%m-%d"]),
            ("2026/04/10", &["%Y/%m/%d"]),
            ("2026-04-10", &["%Y-%m-%d"]),
            ("2026-04-10T11:11:26.123Z", &["%Y-%m-%dT%H:%M:%S%.f%z"]),
            ("2026-04-10 11:11:26+05:30", &["%Y-%m-%d %H:%M:%S%z"]),
            ("2026-04-10 11:11:26 +0530", &["%Y-%m-%d %H:%M:%S %z"]),
            ("2026-04-10 11:11:26 UTC", &["%Y-%m-%d %H:%M:%S %z"]),
            ("10-Apr-2026", &["%d-%b-%Y"]),
            ("1 Sept 2026", &["%d %bt %Y"]),
            ("1 September 2026", &["%d %B %Y"]),
            ("10 April 2026, 9:05", &["%d %B %Y, %H:%M"]),
            ("Apr 10, 2026", &["%b %d, %Y"]),
            ("Fri, 10 Apr 2026", &["%a, %d %b %Y"]),
            ("Apr 10, 2026 01:11:26 PM", &["%b %d, %Y %I:%M:%S %p", "%b %d, %Y %H:%M:%S %p"]),
            ("20260410", &["%d%m%Y", "%m%d%Y", "%Y%m%d"]),
            ("1775799686", &["epoch"]),
            ("1775799686500", &["epoch_ms"]),
            ("10.04.2026 11.11", &["%d.%m.%Y %H.%M", "%m.%d.%Y %H.%M"]),
            ("10/04/2026 11:11 IST", &[]),
            ("1234567", &[]),
            ("12.50", &[]),
            ("12:10:05", &[]),
            ("A-1042", &[]),
            ("10/04/2026 something", &[]),
            ("", &[]),
        ];
        for (cell, expected) in cases {
            let texts: Vec<String> =
                texts(cell).unwrap_or_default().into_iter().map(|(_, text)| text).collect();
            assert_eq!(texts, expected, "{cell}");
        }
    }

    #[test]
    fn each_format_is_one_that_the_reader_has() {
        for cell in ["10/04/2026", "10 Apr 2026 1:11 pm", "2026-04-10 11:11:26+05:30"] {
            for (order, text) in texts(cell).unwrap_or_default() {
                assert!(DateFormat::new(&text).is_ok(), "{cell}: {order:?} {text}");
            }
        }
    }
}
