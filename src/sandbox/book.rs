//! The book: a file with the sandbox's orders.
//!
//! Each line is a JSON object for one order: the fields of the page's payment object, and
//! optionally `"sandbox"`: the script for queries of the order (the keys are in `script.rs`), and
//! the scheduled changes as `"later"`:
//!
//! ```json
//! {"merchant_order_id":"A-1","amount":"500.00","final_amount":490,"payment_status":"completed"}
//! {"merchant_order_id":"A-2","sandbox":{"status":503,"times":2}}
//! {"merchant_order_id":"A-3","amount":"7.00","payment_status":"pending",
//!  "sandbox":{"later":[{"after_seconds":60,"fields":{"payment_status":"overdue"}}]}}
//! ```
//!
//! (In a book the third is one line.) Counters such as `times` start at zero with each sandbox,
//! also with a saved book. Amounts are answered exactly as written, string or number, so that
//! invalid ones can be scripted.
//!
//! A file whose name ends in `.csv` has the same fields as headings, and `sandbox` if used. Each
//! cell is a text; an empty cell means that the field is not given.

use super::order::Order;
use super::payment::{Field, field};
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// The orders of a sandbox by `merchant_order_id`, in order of arrival.
#[derive(Clone, Default)]
pub struct Book {
    pub(super) orders: Vec<(String, Order)>,
}

/// Why a book is not usable.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The file cannot be read.
    #[error("the book {file} cannot be read: {source}; check the path and its permissions")]
    Unreadable {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// A line is not valid.
    #[error("{file}, line {line}: {what}")]
    Line {
        /// The file, or "book" for a text without a file.
        file: String,
        /// The line number, from 1.
        line: u64,
        /// What is wrong and how to fix it.
        what: String,
    },
    /// The file cannot be written.
    #[error("the book {file} cannot be written: {source}; check the directory and its disk")]
    Unwritable {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
}

/// An order of a book, or its error, with its line number.
type Numbered = (u64, Result<(String, Order), String>);

impl Book {
    /// Parses a book of JSON lines; blank lines are skipped.
    ///
    /// # Errors
    /// [`BookError::Line`]: the first line that is not valid.
    pub fn parse(text: &str) -> Result<Book, BookError> {
        Book::collect("book", json_lines(text))
    }

    /// Reads a book's file: CSV if its name ends in `.csv`, else JSON lines.
    ///
    /// # Errors
    /// [`BookError`]: the file cannot be read or is not UTF-8, or a line is not valid.
    pub(crate) fn load(path: &Path) -> Result<Book, BookError> {
        let file = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(source) => return Err(BookError::Unreadable { file, source }),
        };
        // Spreadsheets write a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let is_csv = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        if is_csv {
            Book::collect(&file, csv_rows(text))
        } else {
            Book::collect(&file, json_lines(text))
        }
    }

    /// Saves the book as JSON lines, atomically and readable only by its owner: it contains
    /// accounts and names.
    ///
    /// # Errors
    /// [`BookError::Unwritable`].
    pub fn save(&self, path: &Path) -> Result<(), BookError> {
        let write = || {
            let mut file = beside(path)?;
            for (_, order) in &self.orders {
                writeln!(file, "{}", order.line())?;
            }
            file.as_file().sync_all()?;
            file.persist(path)?;
            std::fs::File::open(directory_of(path))?.sync_all()
        };
        write().map_err(|source| unwritable(path, source))
    }

    /// Checks that a book can be saved there, without changing the file.
    ///
    /// # Errors
    /// [`BookError::Unwritable`]: the directory is not writable.
    pub(crate) fn can_be_saved(path: &Path) -> Result<(), BookError> {
        beside(path).map(drop).map_err(|source| unwritable(path, source))
    }

    /// The number of orders.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.orders.len()
    }

    /// The book after these orders have taken the place of those with the same id.
    #[must_use]
    pub(crate) fn changed_by(mut self, changes: Book) -> Book {
        let mut changes: HashMap<String, Order> = changes.orders.into_iter().collect();
        for (id, order) in &mut self.orders {
            if let Some(change) = changes.remove(id) {
                *order = change;
            }
        }
        self
    }

    fn collect(file: &str, orders: impl IntoIterator<Item = Numbered>) -> Result<Book, BookError> {
        let mut book = Book::default();
        let mut lines_by_id: HashMap<String, u64> = HashMap::new();
        for (line, order) in orders {
            let wrong = |what| BookError::Line { file: file.to_owned(), line, what };
            let (id, order) = order.map_err(wrong)?;
            if let Some(first) = lines_by_id.insert(id.clone(), line) {
                return Err(wrong(format!(
                    "merchant_order_id {id:?} is already in line {first}: keep one of the two"
                )));
            }
            book.orders.push((id, order));
        }
        Ok(book)
    }
}

impl fmt::Debug for Book {
    /// Prints no order: orders contain accounts and names.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Book").field("orders", &self.orders.len()).finish()
    }
}

fn unwritable(path: &Path, source: io::Error) -> BookError {
    BookError::Unwritable { file: path.display().to_string(), source }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A temporary file in the same directory, to replace this one.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(directory_of(path))
}

fn json_lines(text: &str) -> impl Iterator<Item = Numbered> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| (number, Order::parse(line)))
}

/// Every row, up to the first that is not valid CSV.
fn csv_rows(text: &str) -> Vec<Numbered> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = match reader.headers() {
        Ok(headings) => headings.clone(),
        Err(error) => return vec![unreadable(&error)],
    };
    let mut seen = HashSet::new();
    if let Some(name) = headings.iter().find(|name| !seen.insert(*name)) {
        return vec![(1, Err(format!("the heading {name:?} occurs twice: keep one")))];
    }
    let rows = reader.into_records().map(|row| match row {
        Ok(row) => {
            let cells = headings.iter().zip(&row).filter(|(_, cell)| !cell.is_empty());
            let members: Result<Vec<Field>, String> =
                cells.map(|(name, cell)| cell_of(name, cell)).collect();
            let line = row.position().map_or(0, csv::Position::line);
            (line, members.and_then(Order::from_members))
        }
        Err(error) => unreadable(&error),
    });
    rows.collect()
}

fn unreadable(error: &csv::Error) -> Numbered {
    let line = error.position().map_or(1, csv::Position::line);
    (line, Err(format!("it is not valid CSV: {error}; correct the row")))
}

/// A cell as a member of the order: `sandbox` is JSON, any other cell is a text.
fn cell_of(name: &str, cell: &str) -> Result<Field, String> {
    if name != "sandbox" {
        return Ok(field(name, cell));
    }
    let json = RawValue::from_string(cell.to_owned())
        .map_err(|error| format!("`sandbox` cannot be read: {error}; see the book's format"))?;
    Ok((name.to_owned(), json))
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::*;

    fn message<T>(result: Result<T, BookError>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }

    fn bodies(book: &Book, shape: Shape, merchant: Option<&str>) -> Vec<String> {
        let reply = |(_, order): &(String, Order)| order.payment(shape, merchant).reply();
        let text = |order| String::from_utf8(reply(order).body.to_vec()).unwrap_or_default();
        book.orders.iter().map(text).collect()
    }

    #[test]
    fn amounts_are_answered_unchanged() {
        for amount in ["12", "12.0", r#""1,200.00""#, "1e400", "-0", "true", "null", r#""""#] {
            let line = format!(r#"{{"merchant_order_id":"A","amount": {amount} }}"#);
            let book = Book::parse(&line).unwrap_or_default();
            let payment = format!(r#"{{"merchant_order_id":"A","amount":{amount}}}"#);
            let expected = format!(r#"{{"result":"success","data":{{"payment":{payment}}}}}"#);
            assert_eq!(bodies(&book, Shape::Nested, None), [expected]);
        }
    }

    #[test]
    fn merchant_and_payment_are_added_only_if_the_book_has_none() {
        let book = Book::parse(
            "{\"merchant_order_id\":\"A\"}\n\n\
             {\"merchant_order_id\":\"B\",\"merchant_uid\":null,\"payment\":\"myanmar\"}\n",
        )
        .unwrap_or_default();
        let data = |members: &str| format!(r#"{{"result":"success","data":{members}}}"#);
        assert_eq!(
            bodies(&book, Shape::Flat, Some("M\"1")),
            [
                data(r#"{"merchant_order_id":"A","merchant_uid":"M\"1","payment":"india"}"#),
                data(r#"{"merchant_order_id":"B","merchant_uid":null,"payment":"myanmar"}"#)
            ]
        );
    }

    #[test]
    fn an_invalid_line_is_named_with_a_fix() {
        let good = r#"{"merchant_order_id":"A"}"#;
        for (line, words) in [
            ("{", "one JSON object per line"),
            ("[]", "one JSON object per line"),
            (r#"{"amount":"1.00"}"#, "`merchant_order_id` is missing"),
            (r#"{"merchant_order_id":""}"#, "`merchant_order_id` is missing"),
            (r#"{"merchant_order_id":7}"#, "put it in quotes"),
            (r#"{"merchant_order_id":"B","merchant_order_id":"C"}"#, "occurs twice"),
            (r#"{"merchant_order_id":"A"}"#, "is already in line 1"),
            (r#"{"merchant_order_id":"B","payment_statsu":"none"}"#, "no field \"payment_statsu\""),
            (r#"{"merchant_order_id":"B","amount":["1"]}"#, "the gateway answers texts"),
            (r#"{"merchant_order_id":"B","channel":1}"#, "put it in quotes"),
            (r#"{"merchant_order_id":"B","sandbox":{"status":1}}"#, "from 200 to 599"),
            (r#"{"merchant_order_id":"B","sandbox":{"later":[{}]}}"#, "`after_seconds`"),
            (
                concat!(
                    r#"{"merchant_order_id":"B","#,
                    r#""sandbox":{"later":[{"after_seconds":1,"fields":{"x":"1"}}]}}"#
                ),
                "no field \"x\"",
            ),
        ] {
            let message = message(Book::parse(&format!("{good}\n\n{line}\n{good}")));
            assert!(message.starts_with("book, line 3: "), "{message}");
            assert!(message.contains(words), "{line}: {message}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = message(Book::load(Path::new("/nowhere/book.jsonl")));
        assert!(message.starts_with("the book /nowhere/book.jsonl cannot be read: "), "{message}");
    }

    #[test]
    fn debug_prints_no_order() {
        let book = Book::parse(r#"{"merchant_order_id":"A","from_name":"Asha"}"#);
        assert_eq!(format!("{:?}", book.unwrap_or_default()), "Book { orders: 1 }");
    }

    #[test]
    fn a_saved_book_can_be_loaded() {
        let Ok(directory) = tempfile::tempdir() else { unreachable!() };
        let path = directory.path().join("book.jsonl");
        let lines = concat!(
            r#"{"merchant_order_id":"é\"1","amount":12.50,"payment_status":"pending","#,
            r#""sandbox":{"status":503,"times":2,"#,
            r#""later":[{"after_seconds":60,"fields":{"payment_status":"overdue"}}]}}"#,
            "\n",
            r#"{"merchant_order_id":"A","to_name":null}"#,
            "\n",
        );
        let saved = Book::parse(lines).unwrap_or_default().save(&path);
        assert!(saved.is_ok(), "{saved:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), lines);
        let mode = std::fs::metadata(&path)
            .map(|file| std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777);
        assert!(matches!(mode, Ok(0o600)), "{mode:?}");
        let message = message(Book::default().save(&directory.path().join("no/book.jsonl")));
        assert!(message.contains("no/book.jsonl cannot be written"), "{message}");
    }

    #[test]
    fn a_book_can_be_csv() {
        let Ok(directory) = tempfile::tempdir() else { unreachable!() };
        let path = directory.path().join("book.csv");
        let load = |text: &str| {
            assert!(std::fs::write(&path, text).is_ok());
            Book::load(&path)
        };
        let book = load(concat!(
            "merchant_order_id,amount,channel,sandbox\n",
            "A-1,500.00,,\n",
            "\"A,2\",7,\"up\ni\",\"{\"\"status\"\":503,\"\"times\"\":1}\"\n",
        ))
        .unwrap_or_default();
        let lines: Vec<String> = book.orders.iter().map(|(_, order)| order.line()).collect();
        assert_eq!(
            lines,
            [
                r#"{"merchant_order_id":"A-1","amount":"500.00"}"#,
                concat!(
                    r#"{"merchant_order_id":"A,2","amount":"7","channel":"up\ni","#,
                    r#""sandbox":{"status":503,"times":1}}"#
                )
            ]
        );
        for (text, words) in [
            ("merchant_order_id,amount\nA,1,2\n", "line 2: it is not valid CSV"),
            ("merchant_order_id,amuont\nA,1\n", "line 2: the gateway's payment object has no"),
            ("amount\n1\n", "line 2: `merchant_order_id` is missing"),
            (
                "merchant_order_id\nA\nB\nA\n",
                "line 4: merchant_order_id \"A\" is already in line 2",
            ),
            ("merchant_order_id,sandbox\nA,{\n", "line 2: `sandbox` cannot be read"),
            ("merchant_order_id,amount,amount\nA,1,2\n", "line 1: "),
        ] {
            let message = message(load(text));
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}
