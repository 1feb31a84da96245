//! A second reading of JSON that is known to be valid, by nothing but its characters.

use std::collections::{BTreeMap, BTreeSet};

/// The scalars of a document by their paths, such as `/data/amount`; items of a list have none.
#[derive(Debug, Default)]
pub(super) struct Scalars {
    found: BTreeMap<String, String>,
    objects: BTreeSet<String>,
    /// The path of a key that an object has twice.
    pub(super) doubled: Option<String>,
}

/// An object or a list that is open.
struct Open {
    path: String,
    keys: Option<BTreeSet<String>>,
    key: Option<String>,
}

impl Scalars {
    pub(super) fn of(body: &[u8]) -> Scalars {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let mut scalars = Scalars::default();
        let mut open: Vec<Open> = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '"' => string_length(rest),
                '{' | '}' | '[' | ']' | ',' | ':' => 1,
                _ => rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len()),
            };
            let (token, behind) = rest.split_at(length.max(1));
            rest = behind.trim_start();
            let path = open.last().map_or_else(String::new, |it| {
                format!("{}/{}", it.path, it.key.as_deref().unwrap_or("#"))
            });
            match first {
                '{' => {
                    scalars.objects.insert(path.clone());
                    open.push(Open { path, keys: Some(BTreeSet::new()), key: None });
                }
                '[' => open.push(Open { path, keys: None, key: None }),
                '}' | ']' => drop(open.pop()),
                ',' => {
                    if let Some(last) = open.last_mut() {
                        last.key = None;
                    }
                }
                ':' => {}
                _ => scalars.token(token, path, &mut open),
            }
        }
        scalars
    }

    fn token(&mut self, token: &str, path: String, open: &mut [Open]) {
        let value = match token.strip_prefix('"') {
            Some(_) => serde_json::from_str::<String>(token).unwrap_or_default(),
            None => token.to_owned(),
        };
        match open.last_mut() {
            Some(Open { keys: Some(keys), key: key @ None, path }) => {
                if !keys.insert(value.clone()) {
                    self.doubled = Some(format!("{path}/{value}"));
                }
                *key = Some(value);
            }
            _ => drop(self.found.insert(path, value)),
        }
    }

    /// A string without its quotes, a number or a word.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.found.get(path).cloned()
    }

    /// Whether there is an object.
    pub(super) fn is_object(&self, path: &str) -> bool {
        self.objects.contains(path)
    }
}

/// The bytes of the string that the text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
