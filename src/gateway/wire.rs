//! JSON of the wire, read without trust: numbers stay as they are written, a doubled key at any
//! depth is an error, depth is bounded (contract, "Mismatches": a trustworthy answer).

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A documented payment has so many.
const USUAL_KEYS: usize = 31;
/// Documented answers are three levels deep.
const DEEPEST: u32 = 16;

/// A JSON value that borrows from the body.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// As written: never through a float.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a whole body.
    ///
    /// # Errors
    /// Why it cannot be trusted, as what is to be said of it ("is empty"); repeats nothing of the
    /// body.
    pub(super) fn read(body: &'a [u8]) -> Result<Json<'a>, String> {
        if body.is_empty() {
            return Err("is empty".to_owned());
        }
        let raw: &RawValue = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("is not whole, valid JSON (line {line}, column {column})")
        })?;
        Json::from_raw(raw, 0)
    }

    fn from_raw(raw: &'a RawValue, depth: u32) -> Result<Json<'a>, String> {
        if depth > DEEPEST {
            return Err(format!("is nested more than {DEEPEST} levels deep"));
        }
        let text = raw.get().trim();
        let invalid = |error: serde_json::Error| match error.classify() {
            serde_json::error::Category::Data => error.to_string(),
            _ => "holds text that is not valid Unicode".to_owned(),
        };
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text).map_err(invalid)?;
                let members = members
                    .into_iter()
                    .map(|(key, value)| Ok((key.0, Json::from_raw(value, depth + 1)?)));
                Json::Object(members.collect::<Result<_, String>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(invalid)?;
                let items = items.into_iter().map(|item| Json::from_raw(item, depth + 1));
                Json::List(items.collect::<Result<_, String>>()?)
            }
            Some(b'"') => Json::Text(serde_json::from_str::<Text>(text).map_err(invalid)?.0),
            Some(b't') => Json::Bool(true),
            Some(b'f') => Json::Bool(false),
            Some(b'n') => Json::Null,
            _ => Json::Number(text),
        })
    }

    /// A member of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => {
                members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The text of a text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => {
                let number: &RawValue = serde_json::from_str(number).map_err(S::Error::custom)?;
                number.serialize(serializer)
            }
            Json::Text(text) => serializer.serialize_str(text),
            Json::List(items) => serializer.collect_seq(items),
            Json::Object(members) => {
                serializer.collect_map(members.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

impl fmt::Display for Json<'_> {
    /// Compact JSON, numbers as they were written.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

/// Text that borrows where it holds no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object's members in their order, each key once.
struct Members<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members: Vec<(Text<'de>, &'de RawValue)> = Vec::with_capacity(USUAL_KEYS);
                while let Some(member) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push(member);
                }
                let mut keys: Vec<&str> = members.iter().map(|(key, _)| &*key.0).collect();
                keys.sort_unstable();
                if keys.windows(2).any(|pair| pair[0] == pair[1]) {
                    return Err(A::Error::custom("gives a key twice"));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_json_is_refused() {
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        let deep_objects = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        let cases: [&[u8]; 13] = [
            b"",
            b"{",
            b"{\"a\":1}x",
            b"{\"a\":NaN}",
            b"{\"a\":1,\"a\":1}",
            b"{\"a\":1,\"\\u0061\":1}",
            b"{\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\":\"\\ud800\"}",
            b"<html></html>",
            deep.as_bytes(),
            deep_objects.as_bytes(),
            b"{\"a\":01}",
        ];
        for body in cases {
            assert!(
                Json::read(body).is_err(),
                "{}",
                String::from_utf8_lossy(&body[..20.min(body.len())])
            );
        }
    }

    #[test]
    fn numbers_stay_as_they_are_written() {
        let text = r#"{"a":1e400,"b":12.340000,"c":[null,true,"x\n"],"d":{}}"#;
        assert_eq!(Json::read(text.as_bytes()).map(|json| json.to_string()), Ok(text.to_owned()));
    }
}
