//! The merchant's words, mapped to the contract's (contract, "Ledger": the optional columns).

use super::settings::LedgerSettings;
use crate::domain::order::LedgerStatus;
use crate::domain::payment::{AccountingType, TransactionType};
use crate::tabular::normalize;
use std::collections::HashMap;

/// A set of the contract's words that a ledger's words can be mapped to.
pub(super) trait Word: Clone + PartialEq + 'static {
    /// Reads one of the contract's words or another spelling of the gateway's; `None` for any
    /// other word.
    fn known(word: &str) -> Option<Self>;
    /// The expected words, for an error.
    const EXPECTED: &'static str;
    /// The usual words of shop exports, in addition to the contract's.
    const USUAL: &'static [(&'static str, Self)];
}

impl Word for LedgerStatus {
    fn known(word: &str) -> Option<LedgerStatus> {
        Some(LedgerStatus::from_word(word))
            .filter(|status| !matches!(status, LedgerStatus::Unmapped(_)))
    }
    const EXPECTED: &'static str = "paid, pending, failed, refunded or part_refunded";
    /// The contract's list, then other statuses of a payment on the gateway's page.
    const USUAL: &'static [(&'static str, LedgerStatus)] = &[
        ("success", LedgerStatus::Paid),
        ("successful", LedgerStatus::Paid),
        ("succeeded", LedgerStatus::Paid),
        ("completed", LedgerStatus::Paid),
        ("captured", LedgerStatus::Paid),
        ("settled", LedgerStatus::Paid),
        ("open", LedgerStatus::Pending),
        ("created", LedgerStatus::Pending),
        ("unpaid", LedgerStatus::Pending),
        ("authorized", LedgerStatus::Pending),
        ("processing", LedgerStatus::Pending),
        ("cancelled", LedgerStatus::Failed),
        ("canceled", LedgerStatus::Failed),
        ("voided", LedgerStatus::Failed),
        ("expired", LedgerStatus::Failed),
        ("rejected", LedgerStatus::Failed),
        ("declined", LedgerStatus::Failed),
        ("refund", LedgerStatus::Refunded),
        ("partially_refunded", LedgerStatus::PartRefunded),
        ("partial_refund", LedgerStatus::PartRefunded),
        ("partially refunded", LedgerStatus::PartRefunded),
        ("preparing", LedgerStatus::Pending),
        ("reject", LedgerStatus::Failed),
        ("overdue", LedgerStatus::Failed),
        ("complete", LedgerStatus::Paid),
        ("approved", LedgerStatus::Paid),
        ("txn_success", LedgerStatus::Paid),
        ("payment_success", LedgerStatus::Paid),
        ("on-hold", LedgerStatus::Pending),
        ("on hold", LedgerStatus::Pending),
        ("pending_payment", LedgerStatus::Pending),
        ("partially_paid", LedgerStatus::Pending),
        ("partially paid", LedgerStatus::Pending),
        ("void", LedgerStatus::Failed),
        ("txn_failure", LedgerStatus::Failed),
        ("payment_failure", LedgerStatus::Failed),
        ("user_dropped", LedgerStatus::Failed),
        ("reversed", LedgerStatus::Refunded),
        ("chargeback", LedgerStatus::Refunded),
    ];
}

impl Word for TransactionType {
    fn known(word: &str) -> Option<TransactionType> {
        Some(TransactionType::from_word(word)).filter(TransactionType::is_known)
    }
    const EXPECTED: &'static str = "income or expense";
    const USUAL: &'static [(&'static str, TransactionType)] = &[
        ("deposit", TransactionType::Income),
        ("payin", TransactionType::Income),
        ("credit", TransactionType::Income),
        ("payout", TransactionType::Expense),
        ("withdrawal", TransactionType::Expense),
        ("debit", TransactionType::Expense),
    ];
}

impl Word for AccountingType {
    fn known(word: &str) -> Option<AccountingType> {
        Some(AccountingType::from_any_word(word)).filter(AccountingType::is_known)
    }
    const EXPECTED: &'static str = "recharge, receive, settle or pay";
    const USUAL: &'static [(&'static str, AccountingType)] = &[];
}

/// A cell's text; empty where the cell has a word that stands for an empty one, as databases and
/// spreadsheets write it.
pub(super) fn given(cell: &str) -> &str {
    const EMPTY: [&str; 4] = ["null", "nan", "n/a", "-"];
    let text = cell.trim();
    let is_empty = text.len() <= 4 && EMPTY.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_empty { "" } else { text }
}

/// The words of one column: the contract's own, the usual ones, and the configured ones, which
/// replace the usual ones.
pub(super) struct Words<T>(HashMap<String, T>);

impl<T: Word> Words<T> {
    fn new(configured: &HashMap<String, T>) -> Words<T> {
        let usual = T::USUAL.iter().map(|(word, meaning)| ((*word).to_owned(), meaning.clone()));
        let configured = configured.iter().map(|(word, meaning)| (word.clone(), meaning.clone()));
        Words(usual.chain(configured).collect())
    }

    /// The meaning of a word; `None` where it has none.
    pub(super) fn meaning(&self, word: &str) -> Option<T> {
        let word = normalize(word);
        T::known(&word).or_else(|| self.0.get(&*word).cloned())
    }
}

/// The words of all columns of one ledger.
pub(super) struct Vocabulary<'a> {
    statuses: Words<LedgerStatus>,
    transaction_types: Words<TransactionType>,
    accounting_types: Words<AccountingType>,
    currencies: &'a HashMap<String, String>,
}

impl Vocabulary<'_> {
    /// The configured words over the usual ones.
    pub(super) fn new(settings: &LedgerSettings) -> Vocabulary<'_> {
        Vocabulary {
            statuses: Words::new(settings.statuses.as_map()),
            transaction_types: Words::new(settings.transaction_types.as_map()),
            accounting_types: Words::new(settings.accounting_types.as_map()),
            currencies: settings.currencies.as_map(),
        }
    }

    /// `status`. A word that is not mapped stays unchanged; an empty cell is `None`.
    pub(super) fn status(&self, cell: &str) -> Option<LedgerStatus> {
        let word = Some(given(cell)).filter(|word| !word.is_empty())?;
        let meaning = self.statuses.meaning(word).or_else(|| {
            // WooCommerce's own spelling.
            let (prefix, own) = word.split_at_checked(3)?;
            prefix.eq_ignore_ascii_case("wc-").then(|| self.statuses.meaning(own))?
        });
        Some(meaning.unwrap_or_else(|| LedgerStatus::Unmapped(word.to_owned())))
    }

    /// `transaction_type`, like `status`.
    pub(super) fn transaction_type(&self, cell: &str) -> Option<TransactionType> {
        let word = Some(given(cell)).filter(|word| !word.is_empty())?;
        let meaning = self.transaction_types.meaning(word);
        Some(meaning.unwrap_or_else(|| TransactionType::Unknown(word.to_owned())))
    }

    /// `accounting_type`, like `status`.
    pub(super) fn accounting_type(&self, cell: &str) -> Option<AccountingType> {
        let word = Some(given(cell)).filter(|word| !word.is_empty())?;
        let meaning = self.accounting_types.meaning(word);
        Some(meaning.unwrap_or_else(|| AccountingType::Unknown(word.to_owned())))
    }

    /// `currency`: the mapped one, otherwise the word in lower case; empty for an empty cell.
    pub(super) fn currency(&self, cell: &str) -> String {
        let word = normalize(cell);
        self.currencies.get(&*word).cloned().unwrap_or_else(|| word.into_owned())
    }

    /// The mapped words for currencies.
    pub(super) fn currencies(&self) -> &HashMap<String, String> {
        self.currencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "
        statuses = { 'Bezahlt ' = 'paid', 'Captured' = 'pending' }
        transaction_types = { Eingang = 'income' }
        accounting_types = { 'Top-Up' = 'recharge', Auszahlung = 'settlement' }
        currencies = { Rs = 'INR', '₹' = 'inr' }
    ";

    fn settings() -> LedgerSettings {
        toml::from_str(CONFIG).unwrap_or_else(|error| unreachable!("{error}"))
    }

    #[test]
    fn statuses() {
        let groups = [
            (
                LedgerStatus::Paid,
                "paid success successful succeeded completed captured settled PAID Completed",
            ),
            (
                LedgerStatus::Pending,
                "pending open created unpaid authorized processing Processing preparing",
            ),
            (
                LedgerStatus::Failed,
                "failed cancelled canceled voided expired rejected declined reject overdue",
            ),
            (LedgerStatus::Refunded, "refunded refund Refund"),
            (LedgerStatus::PartRefunded, "part_refunded partially_refunded Partial_Refund"),
        ];
        let defaults = LedgerSettings::default();
        let vocabulary = Vocabulary::new(&defaults);
        for (meaning, words) in groups {
            for word in words.split(' ') {
                assert_eq!(vocabulary.status(word), Some(meaning.clone()), "{word}");
            }
        }
        let part_refunded = Some(LedgerStatus::PartRefunded);
        assert_eq!(vocabulary.status("Partially Refunded"), part_refunded);
        assert_eq!(vocabulary.status(" \t"), None);
        for (word, meaning) in [
            ("Complete", LedgerStatus::Paid),
            ("approved", LedgerStatus::Paid),
            ("TXN_SUCCESS", LedgerStatus::Paid),
            ("payment_success", LedgerStatus::Paid),
            ("on-hold", LedgerStatus::Pending),
            ("On  Hold", LedgerStatus::Pending),
            ("pending_payment", LedgerStatus::Pending),
            ("partially_paid", LedgerStatus::Pending),
            ("Partially paid", LedgerStatus::Pending),
            ("void", LedgerStatus::Failed),
            ("TXN_FAILURE", LedgerStatus::Failed),
            ("payment_failure", LedgerStatus::Failed),
            ("user_dropped", LedgerStatus::Failed),
            ("reversed", LedgerStatus::Refunded),
            ("chargeback", LedgerStatus::Refunded),
            ("wc-completed", LedgerStatus::Paid),
            ("WC-on-hold", LedgerStatus::Pending),
            ("wc-odd", LedgerStatus::Unmapped("wc-odd".to_owned())),
        ] {
            assert_eq!(vocabulary.status(word), Some(meaning), "{word}");
        }
        for empty in [" \t", "NULL", "NaN", "n/a", "-", " - "] {
            assert_eq!(vocabulary.status(empty), None, "{empty}");
        }
        let unmapped = LedgerStatus::Unmapped("In Review".to_owned());
        assert_eq!(vocabulary.status(" In Review "), Some(unmapped));
        let settings = settings();
        let vocabulary = Vocabulary::new(&settings);
        assert_eq!(vocabulary.status(" BEZAHLT"), Some(LedgerStatus::Paid));
        assert_eq!(vocabulary.status("captured"), Some(LedgerStatus::Pending));
        assert_eq!(vocabulary.status("settled"), Some(LedgerStatus::Paid));
    }

    #[test]
    fn types() {
        let settings = settings();
        let vocabulary = Vocabulary::new(&settings);
        for (word, meaning) in [
            ("income", TransactionType::Income),
            (" Deposit ", TransactionType::Income),
            ("PAYIN", TransactionType::Income),
            ("credit", TransactionType::Income),
            ("eingang", TransactionType::Income),
            ("expense", TransactionType::Expense),
            ("payout", TransactionType::Expense),
            ("withdrawal", TransactionType::Expense),
            ("debit", TransactionType::Expense),
            ("Sale", TransactionType::Unknown("Sale".to_owned())),
        ] {
            assert_eq!(vocabulary.transaction_type(word), Some(meaning), "{word}");
        }
        for (word, meaning) in [
            ("Recharge", AccountingType::Recharge),
            ("receipt", AccountingType::Receive),
            ("RECEIVE", AccountingType::Receive),
            ("settlement", AccountingType::Settle),
            ("settle", AccountingType::Settle),
            ("Payment", AccountingType::Pay),
            ("pay", AccountingType::Pay),
            ("top-up", AccountingType::Recharge),
            ("auszahlung", AccountingType::Settle),
            ("Fee", AccountingType::Unknown("Fee".to_owned())),
        ] {
            assert_eq!(vocabulary.accounting_type(word), Some(meaning), "{word}");
        }
        assert_eq!(vocabulary.transaction_type(""), None);
        assert_eq!(vocabulary.accounting_type(" "), None);
    }

    #[test]
    fn currencies() {
        let settings = settings();
        let vocabulary = Vocabulary::new(&settings);
        for (word, currency) in
            [("INR", "inr"), (" rs ", "inr"), ("₹", "inr"), ("Usd", "usd"), ("", "")]
        {
            assert_eq!(vocabulary.currency(word), currency);
        }
    }
}
