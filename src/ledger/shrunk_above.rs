//! When orders that are missing from a ledger cast doubt on it (`[ledger] shrunk_above`).

use crate::domain::amount::Amount;
use serde::Deserialize;

/// More missing orders than both of these cast doubt on a ledger (contract, "Ledger":
/// `ledger_shrunk`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ShrunkAbove {
    /// A number of orders.
    orders: u64,
    /// A part of the compared orders, in per cent.
    percent: Amount,
}

impl Default for ShrunkAbove {
    fn default() -> ShrunkAbove {
        ShrunkAbove { orders: 5, percent: Amount::from_micros(500_000) }
    }
}

impl ShrunkAbove {
    /// Whether so many missing orders of so many compared ones are too many.
    pub(crate) fn is_exceeded_by(&self, missing: u64, compared: u64) -> bool {
        let part = i128::from(missing) * 100_000_000;
        missing > self.orders && part > i128::from(self.percent.micros()) * i128::from(compared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_have_to_be_exceeded() {
        let above = ShrunkAbove::default();
        for (missing, compared, is_exceeded) in
            [(5, 10, false), (6, 10, true), (6, 1_200, false), (7, 1_400, false), (8, 1_599, true)]
        {
            assert_eq!(
                above.is_exceeded_by(missing, compared),
                is_exceeded,
                "{missing} {compared}"
            );
        }
        let above: Result<ShrunkAbove, _> = toml::from_str("orders = 0\npercent = '0'");
        assert!(above.is_ok_and(|above| above.is_exceeded_by(1, 1_000_000)));
    }
}
