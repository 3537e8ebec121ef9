//! A signed manifest, and ways to damage it.

use mcp_pin_attest::{Attestation, VerificationError};
use mcp_pin_model::{
    Manifest,
    json::{self, Object, Value},
};
use mcp_pin_test_support::keys::{self, Person};

pub(crate) fn alice() -> Person {
    Person::new("alice")
}

pub(crate) fn manifest() -> Manifest {
    keys::manifest("io.github.example/weather", "1.4.2", [keys::tool("get_forecast", "Forecast for a city.")], None)
}

pub(crate) fn bundle() -> Value {
    json::parse(alice().sign(&manifest()).as_bytes()).unwrap()
}

/// The object at a path of member names and list indices.
pub(crate) fn at<'a>(value: &'a mut Value, path: &[&str]) -> &'a mut Object {
    let value = path.iter().fold(value, |value, step| match value {
        Value::Object(object) => object.get_mut(step).unwrap(),
        Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
        _ => panic!("nothing at {step}"),
    });
    match value {
        Value::Object(object) => object,
        _ => panic!("no object at {path:?}"),
    }
}

/// The bundle with the member at the end of the path replaced, or taken out.
pub(crate) fn with(path: &[&str], value: Option<Value>) -> Vec<u8> {
    let mut bundle = bundle();
    let (last, parent) = path.split_last().unwrap();
    let parent = at(&mut bundle, parent);
    match value {
        Some(value) => parent.insert(*last, value),
        None => parent.remove(last),
    };
    bundle.to_canonical_bytes()
}

pub(crate) fn parse_error(bytes: Vec<u8>) -> VerificationError {
    Attestation::from_bytes(bytes).unwrap_err()
}
