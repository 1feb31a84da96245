//! What the cells of amounts, dates and currencies say.

use super::{check, plain, proposed};

#[test]
fn amounts_are_read_by_every_format_until_one_is_left() {
    let cases: [(&[&str], &[&str], &[&str]); 15] = [
        (&["5.00", "1234.5"], &[], &[]),
        (&["1,234.50", "7.00"], &["thousands_separator = \",\""], &[]),
        (&["1,00,000.00"], &["thousands_separator = \",\""], &[]),
        (&["1.234,50"], &["decimal_separator = \",\"", "thousands_separator = \".\""], &[]),
        (&["12,5", "0,75"], &["decimal_separator = \",\""], &[]),
        (&["1 234,50"], &["decimal_separator = \",\"", "thousands_separator = \" \""], &[]),
        (&["1'234.50"], &["thousands_separator = \"'\""], &[]),
        // Thousands or decimals?
        (&["1,234"], &[], &["decimal_separator"]),
        (&["1.234", "500"], &[], &["decimal_separator"]),
        // Decided by another row.
        (&["1,234", "1,234.5"], &["thousands_separator = \",\""], &[]),
        (&["1,234", "1,23"], &["decimal_separator = \",\""], &[]),
        (&["1,234.50", "1.234,50"], &[], &["decimal_separator"]),
        (&["500", "1200"], &[], &["amount_unit"]),
        (&["-5.00", "(6.00)", "7.00"], &[], &["signed_amounts"]),
        (&["5.00 Cr", "7.00 Cr"], &["signed_amounts = true"], &[]),
    ];
    for (amounts, keys, open) in cases {
        let rows: Vec<_> = (1..).zip(amounts).map(|(id, it)| (id.to_string(), *it)).collect();
        let rows: Vec<_> = rows.iter().map(|(id, it)| (&**id, *it, "2026-04-10")).collect();
        let (mut proposed, left) = proposed(plain(&rows).as_bytes(), "");
        proposed.retain(|key| !key.starts_with("delimiter"));
        assert_eq!(proposed, keys, "{amounts:?}");
        let unit = |key: &&str| *key != "amount_unit" || open.contains(key);
        assert_eq!(left.into_iter().filter(unit).collect::<Vec<_>>(), open, "{amounts:?}");
    }
}

#[test]
fn dates_are_read_by_every_format_until_one_is_left() {
    let cases: [(&[&str], &[&str], &[&str]); 18] = [
        (&["2026-04-10", "2026-04-10 11:11:26"], &[], &[]),
        (&["2026-04-10T11:11:26+05:30"], &[], &[]),
        (&["31/10/2026", "1/11/2026"], &["date_format = \"%d/%m/%Y\""], &[]),
        (&["10/31/2026", "11/1/2026"], &["date_format = \"%m/%d/%Y\""], &[]),
        (&["31.10.26"], &["date_format = \"%d.%m.%y\""], &[]),
        (&["2026/10/31"], &["date_format = \"%Y/%m/%d\""], &[]),
        (&["2026-1-5"], &["date_format = \"%Y-%m-%d\""], &[]),
        (&["31-Oct-2026", "01-May-2026"], &["date_format = \"%d-%b-%Y\""], &[]),
        (&["Oct 31, 2026, 11:05 PM"], &["date_format = \"%b %d, %Y, %I:%M %p\""], &[]),
        (&["Oct 31, 2026 13:05:00 PM"], &["date_format = \"%b %d, %Y %H:%M:%S %p\""], &[]),
        (&["31/10/2026 11:11 +0530"], &["date_format = \"%d/%m/%Y %H:%M %z\""], &[]),
        (&["1775799686"], &["date_format = \"epoch\""], &[]),
        (&["1775799686500"], &["date_format = \"epoch_ms\""], &[]),
        (
            &["31/10/2026", "30/10/2026 11:11"],
            &["date_format = [\"%d/%m/%Y\", \"%d/%m/%Y %H:%M\"]"],
            &[],
        ),
        (&["2026-10-31", "30/10/2026"], &["date_format = [\"%Y-%m-%d\", \"%d/%m/%Y\"]"], &[]),
        // Day and month cannot be told apart.
        (&["05/11/2026", "06/11/2026"], &[], &["date_format"]),
        (&["11/11/2026"], &[], &["date_format"]),
        (&["31/10/2026", "10/31/2026"], &[], &["date_format"]),
    ];
    for (dates, keys, open) in cases {
        let rows: Vec<_> = (1..).zip(dates).map(|(id, date)| (id.to_string(), *date)).collect();
        let rows: Vec<_> = rows.iter().map(|(id, date)| (&**id, "5.50", *date)).collect();
        let (mut proposed, left) = proposed(plain(&rows).as_bytes(), "");
        proposed.retain(|key| !key.starts_with("delimiter"));
        proposed.sort_unstable();
        assert_eq!(proposed, keys, "{dates:?}");
        assert_eq!(left, open, "{dates:?}");
    }
}

#[test]
fn a_column_of_times_is_read_with_that_of_days() {
    let times = "merchant_order_id,amount,currency,created_at,Time\n\
                 A,5.50,inr,31/10/2026,11:05\nB,5.50,inr,1/11/2026,9:05\n";
    let keys = ["columns.time = \"Time\"", "date_format = \"%d/%m/%Y %H:%M\""];
    let whole = "merchant_order_id,amount,currency,created_at,Time\n\
                 A,5.50,inr,2026-10-31 11:05,11:05\n";
    check(&[(times, &keys, &[]), (whole, &[], &[])]);
}

#[test]
fn currencies() {
    let rows = |currency: &str| {
        format!("merchant_order_id,amount,currency,created_at\nA,5.50,{currency},2026-10-31\n")
    };
    check(&[
        (&rows("INR"), &[], &[]),
        (&rows("₹"), &["currencies.₹ = \"inr\""], &[]),
        (&rows("Rs"), &[], &["currencies"]),
        (&rows(""), &[], &["currency"]),
        ("merchant_order_id,amount,created_at\nA,5.50,2026-10-31\n", &[], &["currency"]),
        (
            "merchant_order_id,Amount (INR),created_at\nA,5.50,2026-10-31\n",
            &["columns.amount = \"Amount (INR)\"", "currency = \"inr\""],
            &[],
        ),
    ]);
}
