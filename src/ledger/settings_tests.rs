//! Tables of configurations.

use super::*;
use crate::ledger::Column;

#[test]
fn errors_point_at_the_value_and_say_what_is_expected() {
    let cases = [
        ("timezone = 'Asia/Bombay'", 1, "the name of a time zone, as Asia/Kolkata or UTC"),
        ("\ndelimiter = ';;'", 2, "one ASCII character"),
        ("delimiter = '\"'", 1, "one ASCII character"),
        ("delimiter = '5'", 1, "one ASCII character"),
        ("currency = 'R'", 1, "2 to 10 letters"),
        ("\n\ncurrencies = { Rs = 'inr', '₹' = '₹' }", 3, "2 to 10 letters"),
        ("default_status = 'settled'", 1, "paid, pending, failed, refunded or part_refunded"),
        ("[statuses]\nBezahlt = 'payed'", 2, "paid, pending, failed, refunded or part_refunded"),
        ("[statuses]\nPaid = 'failed'", 2, "always means itself"),
        ("[statuses]\n'A' = 'paid'\n' a' = 'failed'", 1, "mapped twice"),
        ("[transaction_types]\nin = 'deposit'", 2, "income or expense"),
        ("[accounting_types]\nin = 'income'", 2, "recharge, receive, settle or pay"),
        ("[columns]\norder_id = 'No'", 2, "unknown variant `order_id`, expected one of"),
        ("[columns]\namount = ' '", 1, "the heading of amount is empty"),
        ("[columns]\namount = 'X'\ncurrency = 'x '", 1, "cannot both be the heading"),
        ("[columns]\nstatus = 'Amount'", 1, "cannot be amount and another column"),
        ("thousands_separator = '.'", 1, "are both '.'"),
        ("thousands_separator = '5'", 1, "cannot separate digits"),
        ("decimal_separator = '-'", 1, "cannot separate digits"),
        ("decimal_separator = ',,'", 1, "character"),
        ("date_format = '%d/%m'", 1, "a year, a month and a day"),
        ("signed_amount = true", 1, "unknown field `signed_amount`"),
        ("encoding = 'ebcdic'", 1, "encoding \"ebcdic\" is not known; expected e.g. \"utf-8\""),
        ("times_in = 'IST'", 1, "did you mean Asia/Kolkata?"),
        ("timezone = '+05:30'", 1, "did you mean Asia/Kolkata?"),
        ("date_format = []", 1, "a date format, as \"%d/%m/%Y\", or a list"),
        ("date_format = ['%F', 'DD/MM/YYYY']", 1, "write \"%d/%m/%Y\""),
        ("amount_unit = 'paise'", 1, "expected `major` or `minor`"),
        ("round_amounts = 7", 1, "a number of decimals, 0 to 6"),
        ("round_amounts = -1", 1, "a number of decimals, 0 to 6"),
        ("line_items = 'all'", 1, "\"empty\", \"total\", \"sum\", true"),
        ("line_items = 1", 1, "\"empty\", \"total\", \"sum\", true"),
        ("id_prefix = \"a\\n\"", 1, "cannot have control characters"),
        ("[[skip]]\ncolumn = ' '\nempty = true", 1, "the heading in column is empty"),
        ("[[skip]]\ncolumn = 'Type'", 1, "\"Type\" cannot choose rows without values"),
        ("[[skip]]\ncolumn = 'Type'\nvalue = 'fee'", 3, "unknown field `value`"),
        ("[columns]\ncredit = 'In'", 1, "cannot be set one without the other"),
    ];
    for (config, line, words) in cases {
        let error = toml::from_str::<LedgerSettings>(config).err();
        let message = error.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(message.contains(words), "{config}: {message}");
        let at = format!("line {line}, column ");
        let whole = ["mapped twice", "cannot", "are both", "is empty"];
        if !whole.iter().any(|word| words.contains(word)) {
            assert!(message.contains(&at), "{config}: {message}");
        }
    }
}

#[test]
fn a_whole_table_is_read() {
    let settings: Result<LedgerSettings, _> = toml::from_str(
        "currency = 'INR'\ntimezone = 'Asia/Kolkata'\ndate_format = '%d.%m.%Y %H:%M'\n\
         thousands_separator = '.'\ndecimal_separator = ','\nsigned_amounts = true\n\
         default_status = 'paid'\nline_items = 'sum'\ndelimiter = \"\\t\"\n\
         [columns]\nmerchant_order_id = 'Order No.'\n",
    );
    let settings = settings.unwrap_or_else(|error| unreachable!("{error}"));
    assert_eq!(settings.currency.as_deref(), Some("inr"));
    assert_eq!(settings.zone(), Tz::Asia__Kolkata);
    assert_eq!(settings.delimiter, b'\t');
    assert_eq!(settings.default_status, Some(LedgerStatus::Paid));
    assert_eq!(settings.columns.heading(Column::MerchantOrderId), "Order No.");
    assert!(settings.signed_amounts && settings.line_items == LineItems::Sum);
    let empty = toml::from_str::<LedgerSettings>("").map(|settings| settings.zone());
    assert_eq!(empty, Ok(Tz::UTC));
}
