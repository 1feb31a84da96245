//! Ledgers that are cut short.

use super::*;

/// Where a cut cannot be seen in the rows, it is seen in the control figures.
#[test]
fn a_cut_never_changes_an_amount_in_silence() {
    let amount_inside = "merchant_order_id,amount,currency,created_at,note\n\
                         A1,500.00,inr,2026-04-10,x\nA2,123.45,inr,2026-04-10,\"é\ny\"\n\
                         A3,99.99,inr,2026-04-10 11:11:26,\n";
    let amount_last = "merchant_order_id,currency,created_at,amount\n\
                       A1,inr,2026-04-10,500.00\nA2,inr,2026-04-10,123.45\n\
                       A3,inr,2026-04-10,\"99.99\"\n";
    for (text, is_last) in [(amount_inside, false), (amount_last, true)] {
        let (whole, expected) = read_text(text, "");
        let header = text.find('\n').unwrap_or(0);
        let mut silent = 0;
        for length in header..text.len() {
            let Ok((cut, got)) = try_read(&text.as_bytes()[..length], "") else { continue };
            let amounts = |kept: &Kept| -> Vec<_> {
                kept.rows.iter().map(|(_, row)| (row.key.clone(), row.amount)).collect()
            };
            let changed = !amounts(&expected).starts_with(&amounts(&got));
            assert!(is_last || !changed, "{:?}", &text[..text.floor_char_boundary(length)]);
            if changed {
                silent += 1;
                assert_ne!(cut.totals, whole.totals);
            }
            if cut.totals != whole.totals || cut.rows != whole.rows || !got.invalid.is_empty() {
                continue;
            }
            // Only the last line end is missing, or cells that are not read.
            assert_eq!(amounts(&got), amounts(&expected));
        }
        // "500", "500.0", "5", "12" and so on: the case that needs a control figure.
        assert_eq!(silent > 0, is_last);
    }
}
