//! The usual headings of exports: what a column is by its name (contract, "Ledger": usual
//! headings). Names are compared without case, spaces and punctuation, and without what stands in
//! brackets: `Order No.`, `order_no` and `OrderNo` are one name.

use crate::ledger::Column;
use crate::ledger::currencies::is_of_iso;

/// What a heading says about its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A column that is read.
    Read(Column),
    /// The item of an order: where it differs, rows are line items.
    Item,
    /// How an order was paid.
    PaymentMethod,
}

/// The names of one role. Of two columns the one whose name stands first is taken. Those behind
/// `likely` are only taken where none before them is there.
struct Names {
    role: Role,
    likely: &'static [&'static str],
    possible: &'static [&'static str],
}

const NAMES: &[Names] = &[
    Names {
        role: Role::Read(Column::MerchantOrderId),
        likely: &[
            "merchantorderid",
            "merchantorderno",
            "merchanttransactionid",
            "merchanttxnid",
            "merchantreference",
            "orderid",
            "orderno",
            "ordernumber",
            "order",
            "ordername",
            "orderref",
            "orderreference",
            "orderreceipt",
            "ordercode",
            "referenceno",
            "referencenumber",
        ],
        possible: &[
            "merchantref",
            "reference",
            "refno",
            "referenceid",
            "clientreferenceid",
            "transactionid",
            "txnid",
            "transactionno",
            "transactionnumber",
            "transactionreference",
            "receipt",
            "receiptno",
            "invoiceno",
            "invoicenumber",
            "name",
            "id",
        ],
    },
    Names {
        role: Role::Read(Column::Amount),
        likely: &[
            "amount",
            "ordertotal",
            "grandtotal",
            "total",
            "totalamount",
            "ordertotalamount",
            "orderamount",
            "totalprice",
            "paidamount",
            "amountpaid",
            "totalpaid",
            "paymentamount",
            "transactionamount",
            "txnamount",
            "grossamount",
            "ordervalue",
        ],
        possible: &["totalordered", "totalinctax", "invoiceamount", "gross", "netamount", "value"],
    },
    Names {
        role: Role::Read(Column::Credit),
        likely: &["credit", "creditamount", "cr", "moneyin", "paidin", "depositamount"],
        possible: &["deposit", "deposits", "depositamt", "creditamt", "haben", "gutschrift"],
    },
    Names {
        role: Role::Read(Column::Debit),
        likely: &["debit", "debitamount", "dr", "moneyout", "paidout", "withdrawalamount"],
        possible: &[
            "withdrawal",
            "withdrawals",
            "withdrawalamt",
            "debitamt",
            "soll",
            "lastschrift",
        ],
    },
    Names {
        role: Role::Read(Column::Currency),
        likely: &[
            "currency",
            "currencycode",
            "ordercurrency",
            "ordercurrencycode",
            "transactioncurrency",
            "paymentcurrency",
            "ccy",
            "isocurrency",
        ],
        possible: &[
            "curr", "cur", "währung", "waehrung", "moneda", "devise", "valuta", "divisa", "moeda",
        ],
    },
    Names {
        role: Role::Read(Column::CreatedAt),
        likely: &[
            "createdat",
            "orderdate",
            "orderdatetime",
            "orderedat",
            "ordercreatedat",
            "ordercreated",
            "created",
            "createddate",
            "datecreated",
            "creationdate",
            "createdon",
            "purchasedate",
            "dateordered",
            "orderplacedat",
            "placedat",
            "date",
            "datetime",
        ],
        possible: &[
            "transactiondate",
            "transactiontime",
            "txndate",
            "paymentdate",
            "paymenttime",
            "ordertime",
            "timestamp",
            "invoicedate",
            "paidat",
            "datepaid",
            "paiddate",
            "postingdate",
            "entitycreatedat",
            "valuedate",
        ],
    },
    Names {
        role: Role::Read(Column::Time),
        likely: &["time", "ordertime", "createdtime", "transactiontime", "timeofday"],
        possible: &[],
    },
    Names {
        role: Role::Read(Column::Status),
        likely: &[
            "status",
            "financialstatus",
            "paymentstatus",
            "orderstatus",
            "transactionstatus",
            "txnstatus",
            "paymentstate",
        ],
        possible: &[
            "state",
            "orderstate",
            "transactionstate",
            "txnstate",
            "result",
            "paymentresult",
            "transactionresult",
            "statut",
            "estado",
        ],
    },
    Names {
        role: Role::Read(Column::TransactionType),
        likely: &[
            "transactiontype",
            "type",
            "txntype",
            "direction",
            "entrytype",
            "debitcredit",
            "creditdebit",
            "drcr",
            "crdr",
        ],
        possible: &["recordtype", "entitytype", "transactionentity"],
    },
    Names { role: Role::Read(Column::AccountingType), likely: &["accountingtype"], possible: &[] },
    Names { role: Role::Read(Column::MerchantUid), likely: &["merchantuid"], possible: &[] },
    Names {
        role: Role::Item,
        likely: &[
            "lineitemname",
            "lineitemsku",
            "lineitemquantity",
            "lineitem",
            "item",
            "itemname",
            "itemid",
            "itemsku",
            "orderitemid",
            "product",
            "productname",
            "productid",
            "sku",
            "quantity",
            "qty",
        ],
        possible: &[],
    },
    Names {
        role: Role::PaymentMethod,
        likely: &[
            "paymentmethod",
            "paymentmethodtitle",
            "paymentgateway",
            "paymentmode",
            "modeofpayment",
            "paymenttype",
            "paymentprovider",
        ],
        possible: &[],
    },
];

/// How well a heading names a role: the lower, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Taken only where no likelier heading is there.
    pub(super) is_unlikely: bool,
    place: usize,
}

/// How well this heading names this role; `None` where it does not.
pub(super) fn rank(heading: &str, role: Role) -> Option<Rank> {
    let name = name(heading);
    let names = NAMES.iter().find(|names| names.role == role)?;
    let place = |list: &[&str]| list.iter().position(|usual| *usual == name);
    place(names.likely)
        .map(|place| Rank { is_unlikely: false, place })
        .or_else(|| place(names.possible).map(|place| Rank { is_unlikely: true, place }))
}

/// What a heading says about its column, if it is a usual one.
pub(super) fn role(heading: &str) -> Option<Role> {
    NAMES.iter().map(|names| names.role).find(|role| rank(heading, *role).is_some())
}

/// Whether a word of the heading is usual in the headings of a column.
pub(super) fn has_word(heading: &str, column: Column) -> bool {
    let is = |usual: &[&str]| words(heading).any(|word| usual.contains(&&*word));
    match column {
        Column::MerchantOrderId => {
            let parts = ["transactionid", "paymentid", "invoiceno", "invoicenumber"];
            is(&["ref", "reference", "referenz", "order", "txn", "receipt"])
                || parts.iter().any(|part| name(heading).contains(part))
        }
        Column::Amount => {
            is(&["amount", "amt", "total", "paid", "betrag", "summe", "importe", "montant"])
        }
        Column::CreatedAt => is(&["date", "datum", "fecha", "time", "created", "day"]),
        _ => false,
    }
}

/// The word of a heading for a currency's smallest unit: `amount_paise`.
pub(super) fn smallest_unit(heading: &str) -> Option<String> {
    words(heading).find(|word| matches!(&**word, "paise" | "paisa" | "cents" | "cent" | "pence"))
}

/// The words of a heading, in lower case: also those of `amountPaise`.
fn words(heading: &str) -> impl Iterator<Item = String> {
    let mut apart = String::new();
    let mut was_lower = false;
    for character in heading.chars() {
        if was_lower && character.is_uppercase() {
            apart.push(' ');
        }
        was_lower = character.is_lowercase();
        apart.extend(character.to_lowercase());
    }
    let words = apart.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// A heading in the form in which it is compared with usual ones.
fn name(heading: &str) -> String {
    let mut depth = 0_u32;
    let mut name = String::new();
    for character in heading.chars() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 && character.is_alphanumeric() => name.extend(character.to_lowercase()),
            _ => {}
        }
    }
    name
}

/// The words in the brackets of a heading.
fn in_brackets(heading: &str) -> impl Iterator<Item = &str> {
    let inner = heading.split(['(', '[']).skip(1).filter_map(|rest| rest.split([')', ']']).next());
    inner.flat_map(|inner| inner.split(|character: char| !character.is_alphanumeric()))
}

/// The currency that a heading names in brackets, in lower case: `Total (INR)`.
pub(super) fn currency(heading: &str) -> Option<String> {
    in_brackets(heading).find_map(|word| {
        let is_code = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        (is_code && is_of_iso(word)).then(|| word.to_lowercase())
    })
}

/// Whether a heading says that its times are in UTC: `Created date (UTC)`.
pub(super) fn is_in_utc(heading: &str) -> bool {
    in_brackets(heading).any(|word| matches!(word, "UTC" | "GMT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_recognised_by_their_usual_names() {
        let cases = [
            ("Order ID", Column::MerchantOrderId),
            ("order_no", Column::MerchantOrderId),
            ("Order No.", Column::MerchantOrderId),
            ("Order #", Column::MerchantOrderId),
            ("OrderNumber", Column::MerchantOrderId),
            ("Reference No", Column::MerchantOrderId),
            ("Total", Column::Amount),
            ("Order Total", Column::Amount),
            ("Total Amount", Column::Amount),
            ("Paid Amount", Column::Amount),
            ("Amount (INR)", Column::Amount),
            ("Grand\u{a0}Total", Column::Amount),
            ("Date", Column::CreatedAt),
            ("Order Date", Column::CreatedAt),
            ("date/time", Column::CreatedAt),
            ("Created At", Column::CreatedAt),
            ("Created date (UTC)", Column::CreatedAt),
            ("Currency", Column::Currency),
            ("Financial Status", Column::Status),
            ("Debit/Credit", Column::TransactionType),
        ];
        for (heading, column) in cases {
            assert!(rank(heading, Role::Read(column)).is_some(), "{heading}");
        }
        for heading in ["Subtotal", "Total Tax", "Fulfillment Status", "Updated At", "Amount Due"] {
            let any = NAMES.iter().find(|names| rank(heading, names.role).is_some());
            assert!(any.is_none(), "{heading}");
        }
    }

    #[test]
    fn a_likely_name_comes_first() {
        let amount = Role::Read(Column::Amount);
        assert!(rank("Order Total", amount) < rank("Total", amount));
        assert!(rank("Paid amount", amount) < rank("Gross", amount));
        let id = Role::Read(Column::MerchantOrderId);
        assert!(rank("Order reference", id) < rank("Name", id));
    }

    #[test]
    fn brackets_name_a_currency_or_a_zone() {
        assert_eq!(currency("Total (INR)").as_deref(), Some("inr"));
        assert_eq!(currency("Total [in USD]").as_deref(), Some("usd"));
        for heading in ["Total", "Total (paid)", "Total (ABC)", "Total INR", "Total (inr)"] {
            assert_eq!(currency(heading), None, "{heading}");
        }
        assert!(is_in_utc("Created date (UTC)"));
        assert!(!is_in_utc("Created date"));
    }
}
