//! The usual headings of exports, to say what a configuration lacks (contract, "Ledger").

use super::columns::Column;
use crate::tabular::normalize;

/// Headings by column, without case and punctuation.
const HEADINGS: [(Column, &[&str]); 4] = [
    (
        Column::MerchantOrderId,
        &["order id", "order no", "order number", "reference no", "order", "order reference"],
    ),
    (
        Column::Amount,
        &["amount", "total", "order total", "total amount", "paid amount", "grand total"],
    ),
    (Column::Currency, &["currency", "currency code"]),
    (Column::CreatedAt, &["date", "order date", "created at", "created on", "date created"]),
];

/// What to set for these missing headings in a file with these headings.
pub(super) fn hint(missing: &[String], headings: &[&str]) -> String {
    let plain = |heading: &str| {
        let heading = normalize(heading).replace(['.', '_', '#', ':'], " ");
        heading.trim().to_owned()
    };
    let meant = |column: &str| {
        let (column, usual) = HEADINGS.iter().find(|(known, _)| known.as_str() == column)?;
        let of_usual = |usual: &&str| headings.iter().find(|heading| plain(heading) == **usual);
        let heading = usual.iter().find_map(of_usual)?;
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
        let configured = hint(&["Betrag".to_owned()], &["Order", "Betrag EUR"]);
        assert_eq!(configured, "correct the heading in [ledger.columns] or [[ledger.skip]]");
    }
}
