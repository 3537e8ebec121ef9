//! Which settings there are, asked of the types themselves: what reads a configuration also says what it reads.
//!
//! A deserialiser that has no data: it walks to one place, notes which members are asked for there, and stops.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IntoDeserializer as _, MapAccess, SeqAccess, Visitor},
    forward_to_deserialize_any,
};

/// The deepest that settings are nested.
const MAX_DEPTH: usize = 8;

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// Its names from the outside in.
    pub path: Vec<&'static str>,
    /// Whether it is a list of tables, whose own settings are not listed.
    pub tables: bool,
    /// What each of the tables holds.
    pub members: Vec<&'static str>,
}

impl Setting {
    /// As it is written in a file: `limits.connections`.
    #[must_use]
    pub fn dotted(&self) -> String {
        self.path.join(".")
    }

    /// As it is written in an environment: `MCP_PIN_REGISTRY__LIMITS__CONNECTIONS`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{}{}", super::layers::PREFIX, self.path.join("__").to_uppercase().replace('-', "_"))
    }
}

/// Every setting of a type, in the order in which it declares them.
#[must_use]
pub fn settings<T: for<'de> Deserialize<'de>>() -> Vec<Setting> {
    let mut found = Vec::new();
    collect::<T>(&mut Vec::new(), &mut found);
    found
}

fn collect<T: for<'de> Deserialize<'de>>(path: &mut Vec<&'static str>, found: &mut Vec<Setting>) {
    let note = Note::default();
    // It always ends with an error: there is no data.
    let _ = T::deserialize(Walk { path, note: &note });
    match note.members.get() {
        Some(members) if !note.listed.get() && path.len() < MAX_DEPTH => {
            for member in members {
                path.push(member);
                collect::<T>(path, found);
                path.pop();
            }
        }
        members => found.push(Setting {
            path: path.clone(),
            tables: members.is_some(),
            members: members.map(<[&str]>::to_vec).unwrap_or_default(),
        }),
    }
}

/// What was seen at the end of the way.
#[derive(Default)]
struct Note {
    members: Cell<Option<&'static [&'static str]>>,
    /// Whether the way there led through a list.
    listed: Cell<bool>,
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    path: &'a [&'static str],
    note: &'a Note,
}

/// There is nothing more to see.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no data")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Walk<'_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
        Err(Stop)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note.listed.set(true);
        visitor.visit_seq(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if self.path.is_empty() {
            self.note.members.set(Some(members));
            return Err(Stop);
        }
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Walk<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        let name = self.path.first().ok_or(Stop)?;
        seed.deserialize((*name).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        let path = self.path.get(1..).unwrap_or_default();
        seed.deserialize(Walk { path, note: self.note })
    }
}

impl<'de> SeqAccess<'de> for Walk<'_> {
    type Error = Stop;

    fn next_element_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<Option<V::Value>, Stop> {
        seed.deserialize(*self).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Sample {
        first_one: Option<String>,
        #[serde(default)]
        part: Part,
        maybe: Option<Part>,
        #[serde(default)]
        many: Vec<Part>,
        #[serde(default)]
        words: Vec<String>,
    }

    #[derive(Default, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Part {
        size: u8,
        long_name: Option<bool>,
    }

    #[test]
    fn every_setting_is_found() {
        let found = settings::<Sample>();
        let dotted: Vec<String> = found.iter().map(Setting::dotted).collect();
        assert_eq!(
            dotted,
            ["first-one", "part.size", "part.long-name", "maybe.size", "maybe.long-name", "many", "words"]
        );
        assert_eq!(found[5].members, ["size", "long-name"]);
        assert!(found[5].tables && !found[6].tables);
        assert_eq!(found[2].variable(), "MCP_PIN_REGISTRY__PART__LONG_NAME");
    }
}
