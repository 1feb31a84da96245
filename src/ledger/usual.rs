//! The usual headings of exports, to say what a configuration lacks (contract, "Ledger").

use super::columns::Column;
use super::suggest::usual_heading;

/// The longest heading that is proposed, in characters. What is longer is a row that a quote has
/// swallowed.
const LONGEST: usize = 100;

/// What to set for these missing headings in a file with these headings.
pub(super) fn hint(missing: &[String], headings: &[&str]) -> String {
    let meant = |column: &str| {
        let column = Column::ALL.into_iter().find(|known| known.as_str() == column)?;
        let heading = usual_heading(column, headings)?;
        if heading.chars().nth(LONGEST).is_some() {
            return None;
        }
        Some(format!("{column} = {:?}", heading.trim()))
    };
    let is_column = |name: &String| Column::ALL.iter().any(|column| column.as_str() == name);
    if !missing.iter().any(is_column) {
        return "correct the heading in [ledger.columns] or [[ledger.skip]]".to_owned();
    }
    let found: Vec<String> = missing.iter().filter_map(|column| meant(column)).collect();
    let mut hint = if found.is_empty() {
        "set its heading in [ledger.columns], e.g. merchant_order_id = \"Order No.\"".to_owned()
    } else {
        format!("set [ledger.columns] {}", found.join(", "))
    };
    let lacks_currency = missing.iter().any(|column| column == Column::Currency.as_str());
    if lacks_currency && !found.iter().any(|set| set.starts_with("currency")) {
        hint.push_str(", and [ledger] currency if all amounts have the same, e.g. \"inr\"");
    }
    hint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_headings_are_proposed() {
        let all = ["merchant_order_id", "amount", "currency", "created_at"].map(str::to_owned);
        for (missing, headings, expected) in [
            (
                &all[..],
                &["Order No.", "Sub Total", "Total", "Date"][..],
                "set [ledger.columns] merchant_order_id = \"Order No.\", amount = \"Total\", \
                 created_at = \"Date\", and [ledger] currency if all amounts have the same, e.g. \
                 \"inr\"",
            ),
            (&all[2..3], &["Currency Code"], "set [ledger.columns] currency = \"Currency Code\""),
            (
                &all[..1],
                &["Bestellung"],
                "set its heading in [ledger.columns], e.g. merchant_order_id = \"Order No.\"",
            ),
        ] {
            assert_eq!(hint(missing, headings), expected);
        }
        let long = format!("Order No.{}", "\"".repeat(1_000));
        assert!(hint(&all[..1], &[&long]).starts_with("set its heading in [ledger.columns], e.g."));
        let configured = hint(&["Betrag".to_owned()], &["Order", "Betrag EUR"]);
        assert_eq!(configured, "correct the heading in [ledger.columns] or [[ledger.skip]]");
    }
}
