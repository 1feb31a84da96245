//! Values that are typed: checked for their shape only.

use super::Deadline;
use super::decide::Said;
use crate::domain::amount::{Amount, Total};
use crate::domain::decision::Verdict;
use crate::domain::mismatch::Kind;
use crate::domain::run::ExpectedTotal;
use crate::domain::statement::{Payments, Stated};
use chrono::{NaiveDate, NaiveTime};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;
use std::time::Duration;

pub(super) fn at_least_one() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

/// A day in a second is fast enough for anybody to see.
pub(super) fn at_most_a_day() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(..=86_400)
}

pub(super) fn amount(text: &str) -> Result<Amount, String> {
    Amount::parse(text).map_err(|error| error.to_string())
}

/// A day as 2026-11-20. In another form it is refused, with what it may mean.
pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    const OTHERS: [&str; 6] =
        ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d"];
    let read = |format: &str| NaiveDate::parse_from_str(text, format).ok();
    let is_plain = text.len() == "2026-11-20".len();
    if let Some(date) = read("%Y-%m-%d").filter(|_| is_plain) {
        return Ok(date);
    }
    let mut meant: Vec<String> = Vec::new();
    for date in OTHERS.iter().filter_map(|format| read(format)).map(|date| date.to_string()) {
        if !meant.contains(&date) {
            meant.push(date);
        }
    }
    Err(match &meant[..] {
        [] => "expected a date such as 2026-11-20".to_owned(),
        meant => format!("expected a date such as 2026-11-20: write {}", meant.join(" or ")),
    })
}

/// A kind of mismatch, by its word in the report.
pub(super) fn kind() -> impl TypedValueParser<Value = Kind> {
    let words = Kind::ALL.iter().map(|kind| kind.as_str());
    PossibleValuesParser::new(words).map(|word| Kind::from_word(&word).unwrap_or(Kind::Unverified))
}

/// A decision; `none` withdraws one.
pub(super) fn verdict(text: &str) -> Result<Said, String> {
    if text == "none" {
        return Ok(Said(None));
    }
    Verdict::from_person(text)
        .map(|verdict| Said(Some(verdict)))
        .ok_or_else(|| format!("expected {}, or none to withdraw", Verdict::words_to_choose()))
}

/// A name or a note of at most 1,000 characters.
pub(super) fn name(text: &str) -> Result<String, String> {
    const LONGEST: usize = 1_000;
    match text.chars().count() {
        0..=LONGEST => Ok(text.to_owned()),
        length => Err(format!("{length} characters are too many; {LONGEST} at most")),
    }
}

/// The CSV's path. The other files of the report have its name with their own endings.
pub(super) fn csv_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let taken = ["xlsx", "html", "json"].iter().find(|taken| ending == **taken);
    match taken {
        Some(taken) => {
            Err(format!("a file .{taken} is written beside it; name the CSV, such as report.csv"))
        }
        None => Ok(path),
    }
}

pub(super) fn expected_total(text: &str) -> Result<ExpectedTotal, String> {
    let (currency, amount) =
        text.split_once('=').ok_or("expected a currency and an amount, e.g. inr=1250.00")?;
    let total = Total::parse(amount.trim())
        .map_err(|error| format!("the amount {amount:?} is not usable: {error}"))?;
    Ok((currency_of(currency, "inr=1250.00")?, total))
}

/// A currency as the ledger has it: in lower case.
fn currency_of(text: &str, example: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(format!("the currency is missing, e.g. {example}")),
        currency => Ok(currency.to_lowercase()),
    }
}

/// `inr:income=120,45000.00`.
pub(super) fn gateway_total(text: &str) -> Result<Stated, String> {
    let expected = "expected e.g. inr:income=120,45000.00: currency, income or expense, payments, \
                    sum";
    let (key, figures) = text.split_once('=').ok_or(expected)?;
    let (currency, transaction_type) = key.split_once(':').ok_or(expected)?;
    let (count, amount) = figures.split_once(',').ok_or(expected)?;
    let transaction_type = transaction_type.trim().to_lowercase();
    if !matches!(transaction_type.as_str(), "income" | "expense") {
        return Err(format!("{transaction_type:?} is neither income nor expense"));
    }
    let payments =
        count.trim().parse().map_err(|_| format!("{count:?} is no number of payments"))?;
    let amount = Total::parse(amount.trim())
        .map_err(|error| format!("the amount {amount:?} is not usable: {error}"))?;
    let payments = Payments { payments, amount };
    let currency = currency_of(currency, "inr:income=120,45000.00")?;
    Ok(Stated { currency, transaction_type, payments })
}

pub(super) fn deadline(text: &str) -> Result<Deadline, String> {
    let time = ["%H:%M", "%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(text, format).ok());
    if let Some(time) = time {
        return Ok(Deadline::At(time));
    }
    duration(text)
        .map(Deadline::After)
        .ok_or_else(|| "expected a time such as 06:00, or a duration such as 90m or 1h30m".into())
}

/// A run that wrote no report never ends as 0.
pub(super) fn success_code(text: &str) -> Result<u8, String> {
    match text.trim() {
        "0" => Ok(0),
        "1" => Ok(1),
        "3" => Ok(3),
        "4" => Ok(4),
        _ => Err("expected 1, 3 or 4: only a run that wrote its report can end as 0".into()),
    }
}

pub(super) fn age(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "expected a duration such as 26h, 90m or 1h30m".into())
}

/// `1h30m`, `90m`, `45s`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u32 = rest[..digits].parse().ok()?;
        let seconds = match rest[digits..].chars().next()? {
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(Duration::from_secs(seconds).checked_mul(number)?)?;
        rest = &rest[digits + 1..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_times_or_durations() {
        let minutes = |minutes: u64| Ok(Deadline::After(Duration::from_secs(60 * minutes)));
        assert_eq!(deadline("90m"), minutes(90));
        assert_eq!(deadline("1h30m"), minutes(90));
        assert_eq!(deadline("60s"), minutes(1));
        assert_eq!(
            deadline("06:00"),
            Ok(Deadline::At(NaiveTime::MIN + chrono::TimeDelta::hours(6)))
        );
        for wrong in ["", "6", "m", "25:00", "1d", "1h 30m", "-5m", "99999999999h"] {
            assert!(deadline(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_night_is_as_old_as_a_person_writes_it() {
        assert_eq!(age("26h"), Ok(crate::cli::DEFAULT_MAX_AGE));
        assert!(age("26").is_err());
    }

    #[test]
    fn dates_are_years_months_and_days() {
        assert_eq!(date("2026-11-20").ok(), NaiveDate::from_ymd_opt(2026, 11, 20));
        for (text, meant) in [
            ("20/11/2026", ": write 2026-11-20"),
            ("05/11/2026", ": write 2026-11-05 or 2026-05-11"),
            ("20.11.2026", ": write 2026-11-20"),
            ("20261120", ": write 2026-11-20"),
            ("2026-1-5", "2026-11-20"),
            ("yesterday", "2026-11-20"),
            ("", "2026-11-20"),
        ] {
            let error = date(text).err().unwrap_or_default();
            assert!(error.ends_with(meant), "{text}: {error}");
        }
    }

    #[test]
    fn a_statement_names_currency_type_payments_and_amount() {
        let stated = gateway_total("INR:income=120,45000.5");
        let shown = stated.map(|it| {
            let Payments { payments, amount } = it.payments;
            format!("{} {} {payments} {amount}", it.currency, it.transaction_type)
        });
        assert_eq!(shown.as_deref(), Ok("inr income 120 45000.50"));
        for text in ["inr=1,2", "inr:sale=1,2", "inr:income=1", "inr:income=x,2", "inr:income=1,x"]
        {
            assert!(gateway_total(text).is_err(), "{text}");
        }
    }

    #[test]
    fn control_figures_name_currency_and_amount() {
        let total = |text: &str| {
            expected_total(text).map(|(currency, total)| (currency, total.to_string()))
        };
        assert_eq!(total("INR=1250.5"), Ok(("inr".to_owned(), "1250.50".to_owned())));
        assert_eq!(total("inr=-3"), Ok(("inr".to_owned(), "-3.00".to_owned())));
        assert!(total("1250").is_err() && total("inr=1,250").is_err());
    }
}
