//! The book: the orders that the sandbox's gateway knows, and what it does when asked about them.
//!
//! One JSON object a line, one line an order: the fields of the page's payment object as the
//! gateway would answer them, and optionally `"sandbox"`, the order's scripted behaviour:
//!
//! ```json
//! {"merchant_order_id":"A-1","amount":"500.00","final_amount":490,"payment_status":"completed"}
//! {"merchant_order_id":"A-2","sandbox":{"status":503,"times":2}}
//! ```
//!
//! | in `"sandbox"` | |
//! |---|---|
//! | `"status": 503` | this HTTP status; from 400 on with the page's error as body |
//! | `"times": 2` | the script holds for the order's first 2 calls, then its payment is answered |
//! | `"retry_after": "2"` | with this Retry-After header; 429, unless `status` says otherwise |
//! | `"body": "…"` | this text is the body |
//! | `"delay_ms": 50` | wait first |
//! | `"close": true` | the connection is cut without an answer |
//! | `"unknown": true` | no such order, in the sandbox's words, or in those of `error` |
//! | `"error": "…"`, `"details": "…"` | the page's error, in its short form without `details` |
//!
//! Amounts are answered exactly as they are written, string or number, so that hostile ones can be
//! scripted too.

use super::Shape;
use super::pairs::Pairs;
use super::reply::success;
use super::script::Script;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;

/// The payment object's fields (gateway page, "Payment Object Total JSON Field Description").
const FIELDS: [&str; 31] = [
    "from",
    "from_name",
    "from_bank_name",
    "to",
    "to_name",
    "to_bank_name",
    "amount",
    "final_amount",
    "currency",
    "country",
    "transaction_type",
    "accounting_type",
    "merchant_order_id",
    "merchant_uid",
    "merchant_name",
    "channel",
    "payment_status",
    "payment_fail_reason",
    "payment",
    "response_type",
    "ip",
    "user_agent",
    "distribute_rules",
    "payment_uid",
    "redirect_url",
    "notify_url",
    "notify_status",
    "notify_fail_reason",
    "accounting_status",
    "accounting_fail_reason",
    "signature_key",
];

/// The orders that the sandbox knows, by `merchant_order_id`.
#[derive(Clone, Default)]
pub struct Book {
    pub(super) orders: HashMap<String, Order>,
}

/// A book that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file cannot be read.
    #[error("the book {file} cannot be read: {source}; check the path and its permissions")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A line is wrong.
    #[error("{file}, line {line}: {what}")]
    Line {
        /// The file, or "book" where the text came without one.
        file: String,
        /// From 1.
        line: usize,
        /// What is wrong and what to do about it.
        what: String,
    },
}

impl Book {
    /// Reads a book; blank lines are skipped.
    ///
    /// # Errors
    /// Names the first line that is wrong, and what to do.
    pub fn parse(text: &str) -> Result<Book, BookError> {
        Book::parse_file("book", text)
    }

    /// Reads a book's file.
    ///
    /// # Errors
    /// The file cannot be read or is not UTF-8, or a line is wrong.
    pub fn load(path: &Path) -> Result<Book, BookError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Book::parse_file(&file, &text),
            Err(source) => Err(BookError::Unreadable { file, source }),
        }
    }

    /// How many orders it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    fn parse_file(file: &str, text: &str) -> Result<Book, BookError> {
        let mut book = Book::default();
        let mut lines_by_id: HashMap<String, usize> = HashMap::new();
        for (line, order) in (1..).zip(text.lines()) {
            if order.trim().is_empty() {
                continue;
            }
            let wrong = |what| BookError::Line { file: file.to_owned(), line, what };
            let (id, order) = Order::parse(order).map_err(wrong)?;
            if let Some(first) = lines_by_id.insert(id.clone(), line) {
                return Err(wrong(format!(
                    "merchant_order_id {id:?} is in line {first} already: keep one of the two"
                )));
            }
            book.orders.insert(id, order);
        }
        Ok(book)
    }
}

impl fmt::Debug for Book {
    /// Shows no order: accounts and names are nobody's business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Book").field("orders", &self.orders.len()).finish()
    }
}

/// One order of the book.
#[derive(Clone)]
pub(super) struct Order {
    /// The payment object's members, as they are written.
    fields: Vec<(String, Box<RawValue>)>,
    /// What to do instead of answering them.
    pub script: Option<Script>,
}

impl Order {
    fn parse(line: &str) -> Result<(String, Order), String> {
        let Pairs(mut fields) =
            serde_json::from_str::<Pairs<Box<RawValue>>>(line).map_err(|error| {
                format!("it cannot be read: {error}; give one JSON object a line, for one order")
            })?;
        let sandbox = fields.iter().position(|(name, _)| name == "sandbox");
        let script = match sandbox.map(|index| fields.remove(index)) {
            Some((_, json)) => Some(Script::parse(json.get())?),
            None => None,
        };
        let mut id = None;
        for (name, value) in &fields {
            check_field(name, value.get())?;
            if name == "merchant_order_id" {
                id = serde_json::from_str::<String>(value.get()).ok().filter(|id| !id.is_empty());
            }
        }
        let id = id.ok_or("`merchant_order_id` is missing or empty: give the order's id")?;
        Ok((id, Order { fields, script }))
    }

    /// The whole body of the answer about this order. A merchant that the book leaves open is
    /// `merchant`.
    pub fn answer(&self, shape: Shape, merchant: Option<&str>) -> String {
        let mut object = String::with_capacity(1024);
        for (name, value) in &self.fields {
            push_member(&mut object, name, value.get());
        }
        if let Some(merchant) = merchant.filter(|_| !self.gives("merchant_uid")) {
            let merchant = serde_json::Value::from(merchant).to_string();
            push_member(&mut object, "merchant_uid", &merchant);
        }
        if shape == Shape::Flat && !self.gives("payment") {
            push_member(&mut object, "payment", r#""india""#);
        }
        object.push('}');
        match shape {
            Shape::Nested => success(&format!(r#"{{"payment":{object}}}"#)),
            Shape::Flat => success(&object),
        }
    }

    fn gives(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, _)| name == field)
    }
}

/// The names are the page's: they need no escaping.
fn push_member(object: &mut String, name: &str, value: &str) {
    object.push_str(if object.is_empty() { "{\"" } else { ",\"" });
    object.push_str(name);
    object.push_str("\":");
    object.push_str(value);
}

fn check_field(name: &str, json: &str) -> Result<(), String> {
    if !FIELDS.contains(&name) {
        return Err(format!(
            "the gateway's payment object has no field {name:?}: correct it, or script the whole \
             answer as `body` in `sandbox`"
        ));
    }
    let is_amount = matches!(name, "amount" | "final_amount");
    match json.as_bytes().first() {
        Some(b'"' | b'n') => Ok(()),
        Some(b'{' | b'[') | None => {
            Err(format!("`{name}` is a list or an object: the gateway answers texts"))
        }
        Some(_) if is_amount => Ok(()),
        Some(_) => Err(format!("`{name}` is not a text: put it in quotes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_answered_exactly_as_they_are_written() {
        for amount in ["12", "12.0", r#""1,200.00""#, "1e400", "-0", "true", "null", r#""""#] {
            let line = format!(r#"{{"merchant_order_id":"A","amount": {amount} }}"#);
            let book = Book::parse(&line).unwrap_or_default();
            let answer = book.orders.get("A").map(|order| order.answer(Shape::Nested, None));
            let payment = format!(r#"{{"merchant_order_id":"A","amount":{amount}}}"#);
            let expected = success(&format!(r#"{{"payment":{payment}}}"#));
            assert_eq!(answer, Some(expected));
        }
    }

    #[test]
    fn merchant_and_payment_are_filled_in_only_where_the_book_leaves_them_open() {
        let book = Book::parse(
            "{\"merchant_order_id\":\"A\"}\n\n\
             {\"merchant_order_id\":\"B\",\"merchant_uid\":null,\"payment\":\"myanmar\"}\n",
        )
        .unwrap_or_default();
        let flat = |id| book.orders.get(id).map(|order| order.answer(Shape::Flat, Some("M\"1")));
        let data = |members: &str| Some(success(members));
        assert_eq!(
            flat("A"),
            data(r#"{"merchant_order_id":"A","merchant_uid":"M\"1","payment":"india"}"#)
        );
        assert_eq!(
            flat("B"),
            data(r#"{"merchant_order_id":"B","merchant_uid":null,"payment":"myanmar"}"#)
        );
    }

    #[test]
    fn a_wrong_line_is_named_with_what_to_do() {
        let good = r#"{"merchant_order_id":"A"}"#;
        for (line, words) in [
            ("{", "one JSON object a line"),
            ("[]", "one JSON object a line"),
            (r#"{"amount":"1.00"}"#, "`merchant_order_id` is missing"),
            (r#"{"merchant_order_id":""}"#, "`merchant_order_id` is missing"),
            (r#"{"merchant_order_id":7}"#, "put it in quotes"),
            (r#"{"merchant_order_id":"B","merchant_order_id":"C"}"#, "given twice"),
            (r#"{"merchant_order_id":"A"}"#, "is in line 1 already"),
            (r#"{"merchant_order_id":"B","payment_statsu":"none"}"#, "no field \"payment_statsu\""),
            (r#"{"merchant_order_id":"B","amount":["1"]}"#, "the gateway answers texts"),
            (r#"{"merchant_order_id":"B","channel":1}"#, "put it in quotes"),
            (r#"{"merchant_order_id":"B","sandbox":{"status":1}}"#, "from 200 to 599"),
        ] {
            let error = Book::parse(&format!("{good}\n\n{line}\n{good}")).map(|_| ());
            let message = error.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(message.starts_with("book, line 3: "), "{message}");
            assert!(message.contains(words), "{line}: {message}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Book::load(Path::new("/nowhere/book.jsonl")).map(|_| ());
        let message = error.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.starts_with("the book /nowhere/book.jsonl cannot be read: "), "{message}");
    }

    #[test]
    fn the_book_shows_nobodys_name() {
        let book = Book::parse(r#"{"merchant_order_id":"A","from_name":"Asha"}"#);
        assert_eq!(format!("{:?}", book.unwrap_or_default()), "Book { orders: 1 }");
    }
}
