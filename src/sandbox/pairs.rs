//! A JSON object with its keys in their original order, each key once.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

/// The members of a JSON object. A repeated key is an error: parsers do not agree which of its
/// values to use.
#[derive(Debug)]
pub(super) struct Pairs<V>(pub Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<V>, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

struct PairsVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
    type Value = Pairs<V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
        let mut seen = HashSet::new();
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format_args!("the key {key:?} occurs twice")));
            }
            pairs.push((key, map.next_value()?));
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_refused_with_and_without_escapes() {
        let read = |text| serde_json::from_str::<Pairs<String>>(text);
        assert!(read(r#"{"b":"1","a":"2"}"#).is_ok_and(|pairs| pairs.0[0].0 == "b"));
        for text in [r#"{"a":"1","a":"1"}"#, r#"{"a":"1","\u0061":"2"}"#, r#"["a"]"#, r#"{"a":1}"#]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
