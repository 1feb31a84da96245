//! A strict JSON parser for responses: numbers keep their digits, a repeated key at any depth is an
//! error, depth is limited (contract, "Mismatches": a trustworthy answer).

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A documented payment object has 31 members.
const USUAL_KEYS: usize = 31;
/// The bytes of a usual payment object as JSON.
const USUAL_TEXT: usize = 1024;
/// Documented responses are three levels deep.
const DEEPEST: u32 = 16;

/// A JSON value that borrows from the body.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// The digits as received, never a float.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// The members, sorted by key.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Parses a complete body. An error is a predicate such as "is empty", and repeats nothing of
    /// the body.
    pub(super) fn read(body: &'a [u8]) -> Result<Json<'a>, String> {
        if body.is_empty() {
            return Err("is empty".to_owned());
        }
        Json::read_in_one_pass(body).map_or_else(|| Json::read_by_level(body), Ok)
    }

    /// Parses a body that is valid and has no number that would become a float.
    fn read_in_one_pass(body: &'a [u8]) -> Option<Json<'a>> {
        // Checked once here, and not again for each text.
        let text = std::str::from_utf8(body).ok()?;
        let mut one_pass = serde_json::Deserializer::from_str(text);
        let json = Level(0).deserialize(&mut one_pass).ok()?;
        one_pass.end().ok()?;
        Some(json)
    }

    /// Compact JSON; numbers keep their digits.
    ///
    /// # Errors
    /// None for what was parsed from JSON.
    pub(super) fn to_text(&self) -> serde_json::Result<String> {
        let mut text = Vec::with_capacity(USUAL_TEXT);
        serde_json::to_writer(&mut text, self)?;
        String::from_utf8(text).map_err(serde::ser::Error::custom)
    }

    /// Parses level by level: slower, but with the digits of every number, and an error for every
    /// fault.
    fn read_by_level(body: &'a [u8]) -> Result<Json<'a>, String> {
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
                    .map(|(key, value)| Ok((key, Json::from_raw(value, depth + 1)?)));
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
            _ => Json::Number(text.into()),
        })
    }

    /// The value of an object's member.
    pub(super) fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => {
                let found = members.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
                members.get(found).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Removes a member from an object, and returns its value.
    pub(super) fn remove(&mut self, key: &str) -> Option<Json<'a>> {
        match self {
            Json::Object(members) => {
                let found = members.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
                Some(members.remove(found).1)
            }
            _ => None,
        }
    }

    /// The content of a string.
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
    /// Compact JSON; numbers keep their digits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_text().map_err(|_| fmt::Error)?)
    }
}

/// A string that borrows from the body unless it has escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Sorts an object's members by key. A repeated key is an error.
fn sorted<T, E: Error>(mut members: Vec<(Cow<str>, T)>) -> Result<Vec<(Cow<str>, T)>, E> {
    members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(E::custom("gives a key twice"));
    }
    Ok(members)
}

/// An object whose values are not parsed yet.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((key.0, value));
                }
                sorted(members).map(Members)
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// Parses a value at this depth in one pass. A number that is not an integer is an error: serde's
/// data model has only floats for it.
#[derive(Clone, Copy)]
struct Level(u32);

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON without floats")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    // An integer has one notation only ("-0" is passed as a float).
    fn visit_u64<E: Error>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.to_string().into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.to_string().into()))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.deeper()?)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::with_capacity(USUAL_KEYS);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            members.push((key.0, map.next_value_seed(self.deeper()?)?));
        }
        sorted(members).map(Json::Object)
    }
}

impl Level {
    fn deeper<E: Error>(self) -> Result<Level, E> {
        if self.0 < DEEPEST { Ok(Level(self.0 + 1)) } else { Err(E::custom("is nested too deep")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn depth_ends_at_its_limit() {
        let deepest = usize::try_from(DEEPEST).unwrap_or_default();
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            // A float is read by the second parser.
            for leaf in ["1", "1.5", "\"x\""] {
                let nested = |depth| format!("{}{leaf}{}", open.repeat(depth), close.repeat(depth));
                assert!(Json::read(nested(deepest).as_bytes()).is_ok(), "{open}{leaf}");
                let why = Json::read(nested(deepest + 1).as_bytes()).err();
                assert_eq!(why.as_deref(), Some("is nested more than 16 levels deep"));
            }
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        for text in [
            r#"{"a":1e400,"b":12.340000,"c":[null,true,"x\n"],"d":{}}"#,
            "[0,-0,-1,18446744073709551615,18446744073709551616,-9223372036854775808,1E2,1.0]",
        ] {
            let read = Json::read(text.as_bytes()).map(|json| json.to_string());
            assert_eq!(read, Ok(text.to_owned()));
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let text = any::<String>().prop_map(|text| serde_json::json!(text).to_string());
        let escaped =
            proptest::sample::select(vec![r#""\u0061""#, r#""\ud83d\ude00""#, r#""\ud800""#]);
        let number = proptest::sample::select(vec![
            "0",
            "-0",
            "7",
            "-12",
            "1.50",
            "1e2",
            "01",
            "99999999999999999999",
        ]);
        let leaf = prop_oneof![
            text.clone(),
            escaped.prop_map(str::to_owned),
            number.prop_map(str::to_owned),
            proptest::sample::select(vec!["null", "true", "false", "nul", "", " \"a\" "])
                .prop_map(str::to_owned),
        ];
        let key = prop_oneof![text, "[ab]".prop_map(|key| format!("\"{key}\""))];
        leaf.prop_recursive(20, 64, 6, move |inner| {
            let member =
                (key.clone(), inner.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
            prop_oneof![
                proptest::collection::vec(inner, 0..4)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                proptest::collection::vec(member, 0..4)
                    .prop_map(|members| format!("{{{}}}", members.join(" ,"))),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 1_000, failure_persistence: None, ..ProptestConfig::default()
        })]

        /// On the whole body, a truncated one, and one with a changed byte.
        #[test]
        fn both_parsers_agree(
            text in json(), at in any::<usize>(), byte in any::<u8>(), what in 0..3,
        ) {
            let mut body = text.into_bytes();
            if !body.is_empty() {
                let at = at % body.len();
                match what {
                    0 => {}
                    1 => body.truncate(at),
                    _ => body[at] = byte,
                }
            }
            if !body.is_empty() {
                prop_assert_eq!(Json::read(&body), Json::read_by_level(&body));
            }
        }
    }
}
