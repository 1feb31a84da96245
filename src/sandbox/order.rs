//! One order of the sandbox: its payment object, its script and its scheduled changes.

use super::Shape;
use super::lifecycle::Phase;
use super::pairs::Pairs;
use super::payment::{
    Field, Payment, check_field, field, object, read_fields, set_fields, text_of,
};
use super::script::Script;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// An order of the sandbox.
#[derive(Clone, Default)]
pub(super) struct Order {
    /// The members of the payment object, unchanged.
    pub fields: Vec<Field>,
    /// The script for queries of the order.
    pub script: Option<Script>,
    /// The JSON of the script, for the saved book.
    pub written_script: Vec<Field>,
    /// The scheduled changes, the earliest first.
    pub later: Vec<Change>,
}

/// A scheduled change of fields.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Sandbox time, since the sandbox's start.
    pub at: Duration,
    /// The new values.
    pub fields: Vec<Field>,
}

/// A scheduled change in a book.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenChange {
    /// From the sandbox's start.
    after_seconds: u64,
    /// The new values, as an object.
    fields: Box<RawValue>,
}

impl Order {
    /// Parses a line of a book. Returns the order's id and the order. An error says what is wrong
    /// and how to fix it.
    pub(super) fn parse(line: &str) -> Result<(String, Order), String> {
        let Pairs(fields) =
            serde_json::from_str::<Pairs<Box<RawValue>>>(line).map_err(|error| {
                format!("it cannot be read: {error}; write one JSON object per line, for one order")
            })?;
        Order::from_members(fields)
    }

    /// An order with these members, which can include `sandbox`. Returns its id and the order.
    pub(super) fn from_members(mut fields: Vec<Field>) -> Result<(String, Order), String> {
        let sandbox = fields.iter().position(|(name, _)| name == "sandbox");
        let sandbox = sandbox.map(|index| fields.remove(index));
        let mut order = Order { fields, ..Order::default() };
        if let Some((_, json)) = sandbox {
            order.read_sandbox(json.get())?;
        }
        let mut id = None;
        for (name, value) in &order.fields {
            check_field(name, value.get())?;
            if name == "merchant_order_id" {
                id = serde_json::from_str::<String>(value.get()).ok().filter(|id| !id.is_empty());
            }
        }
        let id = id.ok_or("`merchant_order_id` is missing or empty: set the order's id")?;
        Ok((id, order))
    }

    /// Reads `"sandbox"`: the script and the scheduled changes.
    fn read_sandbox(&mut self, json: &str) -> Result<(), String> {
        let unreadable =
            |error| format!("`sandbox` cannot be read: {error}; see the book's format");
        let Pairs(mut members) =
            serde_json::from_str::<Pairs<Box<RawValue>>>(json).map_err(unreadable)?;
        if let Some(index) = members.iter().position(|(name, _)| name == "later") {
            let (_, later) = members.remove(index);
            let changes: Vec<WrittenChange> =
                serde_json::from_str(later.get()).map_err(unreadable)?;
            for change in changes {
                let at = Duration::from_secs(change.after_seconds);
                self.later.push(Change { at, fields: read_fields(change.fields.get())? });
            }
            self.later.sort_by_key(|change| change.at);
            if members.is_empty() {
                return Ok(());
            }
        }
        self.script = Some(Script::parse(&object(&members))?);
        self.written_script = members;
        Ok(())
    }

    /// The order as a line of a book.
    pub(super) fn line(&self) -> String {
        let mut sandbox = self.written_script.clone();
        if !self.later.is_empty() {
            let changes = self.later.iter().map(|change| {
                // Rounded up, so that no change is early.
                let seconds = change.at.as_secs() + u64::from(change.at.subsec_nanos() > 0);
                format!(r#"{{"after_seconds":{seconds},"fields":{}}}"#, object(&change.fields))
            });
            let changes = format!("[{}]", changes.collect::<Vec<_>>().join(","));
            // The text consists of JSON values, so it is valid JSON.
            let changes = RawValue::from_string(changes).unwrap_or_default();
            sandbox.push(("later".to_owned(), changes));
        }
        let mut members = self.fields.clone();
        if !sandbox.is_empty() {
            let sandbox = RawValue::from_string(object(&sandbox)).unwrap_or_default();
            members.push(("sandbox".to_owned(), sandbox));
        }
        object(&members)
    }

    /// The answer about this order. `merchant` is used if the order has no `merchant_uid`.
    pub(super) fn payment(&self, shape: Shape, merchant: Option<&str>) -> Payment {
        let has = |name: &str| self.fields.iter().any(|(known, _)| known == name);
        let mut fields = self.fields.clone();
        if let Some(merchant) = merchant.filter(|_| !has("merchant_uid")) {
            fields.push(field("merchant_uid", merchant));
        }
        if shape == Shape::Flat && !has("payment") {
            fields.push(field("payment", "india"));
        }
        Payment { fields, url: None, shape }
    }

    /// The text of a field; `None` if it is not given.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text_of(&self.fields, name)
    }

    /// Whether it is a deposit, which a payer pays on the checkout page.
    pub(super) fn is_deposit(&self) -> bool {
        self.text("transaction_type").is_none_or(|direction| direction != "expense")
    }

    /// The text of a field, or the digits of an amount that is a number.
    pub(super) fn shown(&self, name: &str) -> String {
        let json = self.fields.iter().find(|(known, _)| known == name).map(|(_, json)| json.get());
        let number = json.filter(|json| json.starts_with(|first: char| first.is_ascii_digit()));
        self.text(name).or(number.map(str::to_owned)).unwrap_or_default()
    }

    /// Applies the changes that are due. Returns the fields after each change that has ended the
    /// payment.
    pub(super) fn apply_due(&mut self, elapsed: Duration) -> Vec<Vec<Field>> {
        let due = self.later.iter().take_while(|change| change.at <= elapsed).count();
        let mut ends = Vec::new();
        for change in self.later.drain(..due) {
            let before = text_of(&self.fields, "payment_status");
            set_fields(&mut self.fields, &change.fields);
            let after = text_of(&self.fields, "payment_status");
            if before != after && after.is_some_and(|after| Phase::of(&after).is_end()) {
                ends.push(self.fields.clone());
            }
        }
        ends
    }
}
