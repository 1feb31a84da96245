//! What is proposed: keys of `[ledger]`, and the points that only a person can decide. Both are
//! written as TOML; a point is a comment that names the line to write.

use crate::domain::text::one_line;
use serde::Serialize;
use std::fmt::Write;
use toml::{Table, Value};

/// Lines of comments are at most this long.
const WIDTH: usize = 96;

/// The tables inside `[ledger]`, in the order in which they are written.
const TABLES: [&str; 6] =
    ["shrunk_above", "columns", "currencies", "transaction_types", "accounting_types", "statuses"];

/// `[ledger]` of a configuration, by its keys.
#[derive(Debug, Clone, Default)]
pub struct LedgerKeys {
    /// As it is written.
    pub own: Table,
    /// With the keys of its preset.
    pub resolved: Table,
}

/// What is proposed for a ledger.
#[derive(Debug, Clone, Default)]
pub struct Suggestion {
    /// `[ledger]` of the configuration as it is written.
    own: Table,
    /// The same with the keys of its preset.
    pub(super) given: Table,
    /// The known export that the file seems to be.
    preset: Option<&'static str>,
    keys: Vec<Key>,
    open: Vec<OpenPoint>,
    notes: Vec<String>,
}

/// A proposed key.
#[derive(Debug, Clone)]
struct Key {
    /// The table inside `[ledger]`; empty: `[ledger]` itself.
    table: &'static str,
    name: String,
    value: Value,
    note: Option<String>,
}

/// What a person has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenPoint {
    /// The key that decides it.
    pub key: &'static str,
    /// What is to be decided, and why the file does not say it.
    pub text: String,
    /// The lines to choose from, as TOML.
    pub choices: Vec<String>,
    /// The table inside `[ledger]` that has the key; empty: `[ledger]` itself.
    #[serde(skip)]
    pub(super) table: &'static str,
}

impl Suggestion {
    pub(super) fn new(keys: &LedgerKeys) -> Suggestion {
        let LedgerKeys { own, resolved } = keys.clone();
        Suggestion { own, given: resolved, ..Suggestion::default() }
    }

    /// Names the known export that the file seems to be.
    pub(super) fn name_preset(&mut self, preset: &'static str) {
        self.preset = Some(preset);
        self.note(format!(
            "the headings are those of a known export; {} alone reads it too, see docs/presets.md",
            entry("preset", preset)
        ));
    }

    /// Whether the configuration has this key of `[ledger]`.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// The key of an inner table of the configuration.
    pub(super) fn given_in(&self, table: &str, name: &str) -> Option<&str> {
        self.given.get(table)?.get(name)?.as_str()
    }

    /// Proposes a key of `[ledger]`, unless the configuration has it.
    pub(super) fn propose(&mut self, name: &str, value: impl Into<Value>, note: Option<String>) {
        self.propose_in("", name, value, note);
    }

    /// Proposes a key of a table inside `[ledger]`, unless the configuration has it.
    pub(super) fn propose_in(
        &mut self,
        table: &'static str,
        name: &str,
        value: impl Into<Value>,
        note: Option<String>,
    ) {
        let is_given = if table.is_empty() {
            self.is_given(name)
        } else {
            self.given.get(table).is_some_and(|table| table.get(name).is_some())
        };
        if !is_given {
            let (name, value) = (name.to_owned(), value.into());
            self.keys.push(Key { table, name, value, note });
        }
    }

    /// Leaves a point to a person.
    pub(super) fn leave_open(
        &mut self,
        table: &'static str,
        key: &'static str,
        text: impl Into<String>,
        choices: impl IntoIterator<Item = String>,
    ) {
        let choices = choices.into_iter().collect();
        self.open.push(OpenPoint { key, text: one_line(&text.into()), choices, table });
    }

    /// Adds what a person should know.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(one_line(&text.into()));
    }

    /// What a person has to decide.
    #[must_use]
    pub fn open(&self) -> &[OpenPoint] {
        &self.open
    }

    /// What a person should know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether anything is proposed that the configuration does not have.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The configuration's `[ledger]` with what is proposed.
    pub(super) fn table(&self) -> Table {
        let mut table = self.given.clone();
        for key in &self.keys {
            if key.table.is_empty() {
                table.insert(key.name.clone(), key.value.clone());
            } else if let Value::Table(inner) =
                table.entry(key.table).or_insert_with(|| Value::Table(Table::new()))
            {
                inner.insert(key.name.clone(), key.value.clone());
            }
        }
        table
    }

    /// The proposed keys and the open points, to be added to a configuration.
    #[must_use]
    pub fn block(&self) -> String {
        self.written(&Table::new(), "[ledger]\n")
    }

    /// A complete configuration file. `about` says in its first lines what it is for.
    #[must_use]
    pub fn configuration(&self, about: &str) -> String {
        let mut text = String::new();
        comment(&mut text, about);
        text.push_str(
            "\n[gateway]\n\
             # The address and the merchant id come from the gateway's support.\n\
             # base_url = \"https://pay.example.com\"\n\
             # merchant_uid = \"your merchant id\"\n\n",
        );
        text.push_str(&self.written(&self.own, "[ledger]\n"));
        text
    }

    /// These keys with the proposed ones and the open points, by table.
    fn written(&self, given: &Table, head: &str) -> String {
        let mut text = head.to_owned();
        for note in &self.notes {
            comment(&mut text, note);
        }
        if let Some(preset) = self.preset {
            let _written = writeln!(text, "# {}", entry("preset", preset));
        }
        for (name, value) in given {
            if !value.is_table() && !is_list_of_tables(value) {
                line(&mut text, name, value);
            }
        }
        self.write_table(&mut text, "");
        for table in TABLES {
            let mut inner = String::new();
            let own = given.get(table).and_then(Value::as_table);
            for (name, value) in own.into_iter().flatten() {
                line(&mut inner, name, value);
            }
            self.write_table(&mut inner, table);
            if !inner.is_empty() {
                let _written = write!(text, "\n[ledger.{table}]\n{inner}");
            }
        }
        for (name, rules) in given.iter().filter(|(_, value)| is_list_of_tables(value)) {
            for rule in rules.as_array().into_iter().flatten().filter_map(Value::as_table) {
                let _written = write!(text, "\n[[ledger.{name}]]\n");
                rule.iter().for_each(|(name, value)| line(&mut text, name, value));
            }
        }
        let mut skip = String::new();
        self.write_table(&mut skip, "skip");
        if !skip.is_empty() {
            let _written = write!(text, "\n{skip}");
        }
        text
    }

    /// The proposed keys and the open points of one table.
    fn write_table(&self, text: &mut String, table: &str) {
        for key in self.keys.iter().filter(|key| key.table == table) {
            if let Some(note) = &key.note {
                comment(text, note);
            }
            line(text, &key.name, &key.value);
        }
        for point in self.open.iter().filter(|point| point.table == table) {
            comment(text, &format!("Open: {}", point.text));
            for choice in point.choices.iter().flat_map(|choice| choice.lines()) {
                let _written = writeln!(text, "# {choice}");
            }
        }
    }
}

fn is_list_of_tables(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().any(Value::is_table))
}

/// A key and its value, as TOML.
pub(super) fn entry(name: &str, value: impl Into<Value>) -> String {
    let mut text = String::new();
    line(&mut text, name, &value.into());
    text.trim_end().to_owned()
}

/// `[[ledger.skip]]`, as TOML.
pub(super) fn skip_rule(column: &str, key: &str, value: impl Into<Value>) -> String {
    format!("[[ledger.skip]]\n{}\n{}", entry("column", column), entry(key, value))
}

fn line(text: &mut String, name: &str, value: &Value) {
    let bare = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    let _written = if !name.is_empty() && name.chars().all(bare) {
        writeln!(text, "{name} = {value}")
    } else {
        writeln!(text, "{} = {value}", Value::from(name))
    };
}

/// A comment, in lines that fit.
fn comment(text: &mut String, content: &str) {
    let mut line = String::from("#");
    for word in one_line(content).split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > 1 {
            let _written = writeln!(text, "{line}");
            line.replace_range(1.., "");
        }
        let _written = write!(line, " {word}");
    }
    let _written = writeln!(text, "{line}");
}
