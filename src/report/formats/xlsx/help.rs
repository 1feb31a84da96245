//! The sheet Help: what the words mean, and how decisions come back.

use super::book::{Book, Tab};
use crate::domain::mismatch::Kind;
use rust_xlsxwriter::XlsxError;

const NOTES: [(&str, &str); 12] = [
    (
        "accepted",
        "Known and fine. It leaves Work and the sums until the finding changes, or until the day \
         in until has passed.",
    ),
    ("with_gateway", "The gateway is working on it. It stays in Work."),
    ("to_correct", "The ledger is to be corrected. It stays in Work."),
    ("proposed", "Accepted above the limit. Somebody else confirms it with decide --confirm."),
    (
        "until",
        "The last day on which the decision holds. An unverified order can be accepted only with \
         until.",
    ),
    ("owner, note", "Free text, 1,000 characters at most."),
    ("An emptied cell", "Withdraws what it said."),
    (
        "How decisions come back",
        "Fill in the marked cells of Work or Accepted and save the file where it is. The next \
         night reads it; Decisions taken shows what it took. Sorting, filtering and deleting rows \
         does no harm. Keep mismatch_ids and run_id.",
    ),
    (
        "A decision in Work",
        "Counts for each finding that the row lists, and for no kind that is found later.",
    ),
    (
        "A grey amount",
        "It has more than 15 digits, which a cell cannot hold as a number. It is text, with all \
         its digits, and no sum of this workbook's cells has it.",
    ),
    (
        "State suspect",
        "The same finding is new on so many orders that the gateway may be wrong. Nothing can be \
         decided yet: the next run believes what it sees again. The money is apart.",
    ),
    (
        "Red first line of Work",
        "The next night's file should be there. Ask the operator before you work with this one.",
    ),
];

/// What a kind means, and who acts.
const fn meaning(kind: Kind) -> (&'static str, &'static str) {
    const GATEWAY: &str = "gateway's support";
    const BOOKS: &str = "bookkeeping";
    const OPERATOR: &str = "operator";
    match kind {
        Kind::FinalAmountDifference => {
            ("The gateway settled another amount than expected.", GATEWAY)
        }
        Kind::FinalAmountMissing => ("Completed, but the gateway gives no final amount.", GATEWAY),
        Kind::AccountingFailed => ("The gateway could not book the money.", GATEWAY),
        Kind::Overdue => (
            "Not completed within the gateway's time.",
            "bookkeeping; for an expense the gateway's support",
        ),
        Kind::LedgerAmountDifference => ("The ledger's amount is not the gateway's.", BOOKS),
        Kind::CurrencyDifference => ("The currencies differ.", BOOKS),
        Kind::StatusDifference => {
            ("The statuses contradict each other.", "the side that next_step names")
        }
        Kind::MissingAtGateway => ("The gateway says that it has no such order.", BOOKS),
        Kind::DuplicatePayment => ("Several orders have the same payment.", GATEWAY),
        Kind::LedgerConflict => ("Rows of the ledger contradict each other.", BOOKS),
        Kind::LedgerDuplicate => ("One ledger file has the order twice.", BOOKS),
        Kind::TypeDifference => ("Income and expense, or the accounting types, differ.", BOOKS),
        Kind::AccountingPending => ("Completed, but not booked within the allowed time.", GATEWAY),
        Kind::PendingTooLong => ("The payment has been open for too long.", GATEWAY),
        Kind::UnknownStatus => ("A status that this program does not know.", OPERATOR),
        Kind::NotifyFailed => ("The gateway could not notify the merchant.", OPERATOR),
        Kind::Unverified => (
            "No trustworthy answer. The order is neither good nor bad: it was not checked.",
            OPERATOR,
        ),
    }
}

pub(super) fn write(book: &mut Book) -> Result<(), XlsxError> {
    let mut row = book.row(Tab::Help)?;
    row.title("What the words mean")?;
    let mut row = book.row(Tab::Help)?;
    for heading in ["kind", "meaning", "who acts"] {
        row.styled(heading, &row.styles.header)?;
    }
    for kind in Kind::ALL {
        let (meaning, who) = meaning(*kind);
        let mut row = book.row(Tab::Help)?;
        row.strong(kind.as_str())?;
        row.text(meaning)?;
        row.text(who)?;
        row.end()?;
    }
    book.row(Tab::Help)?;
    let mut row = book.row(Tab::Help)?;
    row.styled("decisions", &row.styles.header)?;
    row.styled("meaning", &row.styles.header)?;
    for (word, meaning) in NOTES {
        let mut row = book.row(Tab::Help)?;
        row.strong(word)?;
        row.text(meaning)?;
        row.end()?;
    }
    Ok(())
}
