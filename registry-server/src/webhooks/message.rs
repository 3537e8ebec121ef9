//! What a receiver is sent.

use jiff::Timestamp;
use mcp_pin_model::json::{Object, Value};
use serde::Serialize;

use crate::{
    events::{self, EventForm},
    service::{Event, ServiceError, leaf},
};

/// A message before it is signed: the same for every attempt, so that a receiver knows it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same in every attempt.
    pub id: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The form that Standard Webhooks recommends.
#[derive(Serialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Timestamp,
    data: Value,
}

impl Message {
    /// The message of an event. A dot would end an id too early in what is signed, so there is none.
    ///
    /// # Errors
    /// When what the store has is no leaf.
    pub fn of_event(webhook: &str, event: &Event, form: EventForm) -> Result<Self, ServiceError> {
        let leaf = leaf(event)?;
        let envelope =
            Envelope { kind: events::ocsf::word(leaf.kind), timestamp: leaf.time, data: events::value(event, form)? };
        Self::of(format!("evt_{webhook}_{}", event.sequence), &envelope)
    }

    /// A message that tells nothing.
    ///
    /// # Errors
    /// Never for what it is made of.
    pub fn test(webhook: &str, at: Timestamp) -> Result<Self, ServiceError> {
        let envelope = Envelope { kind: "test".to_owned(), timestamp: at, data: Value::Object(Object::new()) };
        Self::of(format!("test_{webhook}_{}", at.as_millisecond()), &envelope)
    }

    fn of(id: String, envelope: &Envelope) -> Result<Self, ServiceError> {
        let value = mcp_pin_model::json::to_value(envelope)
            .map_err(|error| ServiceError::Internal(format!("{id}: {error}")))?;
        Ok(Self { id, body: value.to_canonical_bytes() })
    }
}
