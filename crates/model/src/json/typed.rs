//! Between [`Value`] and serde types.

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

use super::{Limits, ParseError, Value, parse_with};

/// Why a conversion failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TypedError {
    /// The document does not have the shape of the type. The text is safe to show.
    #[error("{0}")]
    Shape(String),
    /// The type holds something that strict JSON refuses, such as a number beyond 2^53.
    #[error(transparent)]
    Strict(#[from] ParseError),
}

/// Reads a typed document out of a value.
///
/// # Errors
/// When the shape does not fit.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, TypedError> {
    T::deserialize(super::de::ValueReader(value))
}

/// Makes a value of a typed document. Whatever order the type serialises in is forgotten here.
///
/// # Errors
/// When the type does not serialise to JSON, or to JSON that the strict parser refuses.
pub fn to_value<T: Serialize + ?Sized>(document: &T) -> Result<Value, TypedError> {
    let bytes = serde_json::to_vec(document).map_err(<TypedError as serde::de::Error>::custom)?;
    Ok(parse_with(&bytes, &Limits::OURS)?)
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{SerializeMap as _, SerializeSeq as _};
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match number.as_i64() {
                Some(integer) => serializer.serialize_i64(integer),
                None => serializer.serialize_f64(number.get()),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.len()))?;
                for (name, member) in object.iter() {
                    map.serialize_entry(name, member)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> serde::Deserialize<'de> for Value {
    /// For members of our own typed documents, which are read by [`from_value`] from what the strict parser made.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> serde::de::Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        super::Number::from_i64(value).map(Value::Number).map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        // What does not fit an i64 is beyond 2^53 by far.
        let number = i64::try_from(value).map_err(|_| super::NumberError::BeyondExactIntegers);
        number.and_then(super::Number::from_i64).map(Value::Number).map_err(E::custom)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        super::Number::from_f64(value).map(Value::Number).map_err(E::custom)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry::<String, Value>()? {
            members.push(member);
        }
        super::Object::from_members(members)
            .map(Value::Object)
            .map_err(|name| serde::de::Error::custom(format_args!("member {name:?} occurs twice")))
    }
}
