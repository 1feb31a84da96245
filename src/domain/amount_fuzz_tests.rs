//! Amounts against a reading of their digits alone.

use super::*;
use crate::domain::fuzzing::{amount_text, config, plain_amount};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn an_amount_is_exactly_its_digits(text in amount_text()) {
        let read = Amount::parse(&text);
        let shown = read.map(|amount| amount.to_string()).ok();
        prop_assert_eq!(shown, plain_amount(&text), "{}", text);
        prop_assert_eq!(read, Amount::parse(&text));
        if let Ok(amount) = read {
            prop_assert!(!amount.is_negative() && amount.micros() < LIMIT_MICROS);
            prop_assert_eq!(Amount::parse(&amount.to_string()), Ok(amount));
            let total = Total::parse(&(-amount).to_string());
            prop_assert_eq!(total.map(Total::micros), Ok(-i128::from(amount.micros())));
        }
    }

    #[test]
    fn a_total_is_what_it_writes(text in "-?", digits in amount_text()) {
        let text = text + &digits;
        if let Ok(total) = Total::parse(&text) {
            prop_assert_eq!(Total::parse(&total.to_string()), Ok(total));
            if let Some(plain) = plain_amount(text.trim_start_matches('-')) {
                let written = total.to_string();
                prop_assert_eq!(written.trim_start_matches('-'), plain);
            }
        }
    }
}
