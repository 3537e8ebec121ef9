//! Events as others read them: lines of JSON, and the Open Cybersecurity Schema Framework.
//!
//! A leaf is what the log keeps. What is made of it here holds the leaf, whole, and adds nothing that is not in it.

pub mod ocsf;

use mcp_pin_model::json::{self, Value};
use serde::Serialize;

use crate::service::{Event, ServiceError, leaf, leaf_value};

/// How an event is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventForm {
    /// `sequence` and `leaf`, as [`crate::http::v1::events`] describes them.
    #[default]
    Leaf,
    /// OCSF, see [`ocsf`].
    Ocsf,
}

/// An event in our own form.
#[derive(Serialize)]
struct Line {
    sequence: u64,
    leaf: Value,
}

/// An event as a JSON value.
///
/// # Errors
/// When what the store has is no leaf.
pub fn value(event: &Event, form: EventForm) -> Result<Value, ServiceError> {
    let value = match form {
        EventForm::Leaf => json::to_value(&Line { sequence: event.sequence, leaf: leaf_value(event)? }),
        EventForm::Ocsf => json::to_value(&ocsf::document(event.sequence, &leaf(event)?)),
    };
    value.map_err(|error| ServiceError::Internal(format!("event {}: {error}", event.sequence)))
}

/// An event as one line: canonical JSON, in which characters that a viewer could hide or act on are escapes.
///
/// # Errors
/// When what the store has is no leaf.
pub fn line(event: &Event, form: EventForm) -> Result<String, ServiceError> {
    Ok(json::to_line_string(&value(event, form)?))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mcp_pin_model::leaf::{Leaf, LeafType};

    use super::*;

    #[test]
    fn t54_a_line_is_one_line_whatever_a_leaf_holds() {
        let mut leaf = Leaf::new(LeafType::Rejected, Timestamp::UNIX_EPOCH, "eve");
        leaf.target = Some("a\r\nevent: end\u{2028}\u{85}\u{202e}\u{e0041}\u{1b}[2J".to_owned());
        let event = Event { sequence: 7, leaf: leaf.to_bytes().unwrap() };
        for form in [EventForm::Leaf, EventForm::Ocsf] {
            let line = line(&event, form).unwrap();
            assert!(line.is_ascii() && !line.contains(['\n', '\r', '\u{1b}']), "{line}");
            assert_eq!(json::parse(line.as_bytes()).unwrap(), value(&event, form).unwrap());
        }
    }

    #[test]
    fn what_is_no_leaf_is_damage() {
        let event = Event { sequence: 7, leaf: b"{}".to_vec() };
        assert!(matches!(line(&event, EventForm::Ocsf), Err(ServiceError::Unsound(_))));
    }
}
