//! The value type.

use std::cmp::Ordering;

use super::Number;

/// A JSON value that came through the strict parser or was built from checked parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A finite IEEE double of magnitude at most 2^53.
    Number(Number),
    /// A string of Unicode scalar values.
    String(String),
    /// A list, in document order.
    Array(Vec<Value>),
    /// Members in canonical order, without duplicates.
    Object(Object),
}

impl Value {
    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The list, if this is one.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The member `name`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_object().and_then(|object| object.get(name))
    }

    /// The word for this value's type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Number(Number::from(value))
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// An object's members, sorted by the UTF-16 code units of their names (RFC 8785 section 3.2.3), each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    pub(super) members: Vec<(String, Value)>,
}

impl Object {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sorts the members; gives back the name that occurs twice, if one does.
    pub(super) fn from_members(mut members: Vec<(String, Value)>) -> Result<Self, String> {
        // Writers usually emit members in a stable, often sorted, order: checking first saves the sort.
        let sorted =
            members.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if utf16_cmp(a, b) == Ordering::Less));
        if !sorted {
            members.sort_by(|(a, _), (b, _)| utf16_cmp(a, b));
            if let Some(name) = members.windows(2).find_map(|pair| match pair {
                [(a, _), (b, _)] if a == b => Some(a.clone()),
                _ => None,
            }) {
                return Err(name);
            }
        }
        Ok(Self { members })
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|(member, _)| utf16_cmp(member, name))
    }

    /// The member's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let index = self.position(name).ok()?;
        self.members.get(index).map(|(_, value)| value)
    }

    /// The member's value, for changing it in place.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let index = self.position(name).ok()?;
        self.members.get_mut(index).map(|(_, value)| value)
    }

    /// Whether the member exists.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_ok()
    }

    /// Sets a member; gives back the value it replaces.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (name, value) = (name.into(), value.into());
        match self.position(&name) {
            Ok(index) => self.members.get_mut(index).map(|slot| std::mem::replace(&mut slot.1, value)),
            Err(index) => {
                self.members.insert(index, (name, value));
                None
            }
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let index = self.position(name).ok()?;
        Some(self.members.remove(index).1)
    }

    /// Members in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Members in canonical order, for changing values in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.members.iter_mut().map(|(name, value)| (name.as_str(), value))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Object {
    /// Later members replace earlier ones of the same name.
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(members: I) -> Self {
        let mut object = Self::new();
        for (name, value) in members {
            object.insert(name, value);
        }
        object
    }
}

/// Compares two strings by UTF-16 code units, without making them.
///
/// The order differs from that of UTF-8 bytes only where a supplementary character (surrogates, from U+D800) meets
/// one of U+E000 to U+FFFF.
pub(crate) fn utf16_cmp(a: &str, b: &str) -> Ordering {
    // The first byte that differs decides. It is the first of a character in both, or the characters begin alike and are of
    // one plane.
    let differing = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    let rank = |byte: u8| match byte {
        // U+E000 to U+FFFF, behind the supplementary characters, which begin with 0xf0 and up.
        0xee | 0xef => u16::from(byte) + 0x100,
        byte => u16::from(byte),
    };
    differing.map_or_else(|| a.len().cmp(&b.len()), |(a, b)| rank(a).cmp(&rank(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_by_utf16_code_units() {
        let parts = ["", "a", "b", "\u{7f}", "é", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}"];
        let names: Vec<String> = parts.iter().flat_map(|a| parts.iter().map(move |b| format!("{a}{b}"))).collect();
        for (a, b) in names.iter().flat_map(|a| names.iter().map(move |b| (a, b))) {
            assert_eq!(utf16_cmp(a, b), a.encode_utf16().cmp(b.encode_utf16()), "{a:?} {b:?}");
        }
    }
}
