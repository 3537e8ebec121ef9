//! What changes and findings are named by: their content, of which every value is hashed once.
//!
//! The names of a report's changes and the fingerprints of its findings bind the values by BLAKE3 of their canonical forms. What
//! is signed is SHA-256 throughout; these are made for every text of a large update, where a hash that needs no
//! instructions of its own is several times as fast.

use mcp_pin_model::json::{CanonicalObject, Value};

/// The digest of a value's canonical form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content(blake3::Hash);

impl Content {
    pub(crate) fn of(value: &Value) -> Self {
        Self(blake3::hash(value.to_canonical_string().as_bytes()))
    }
}

/// The digests of both sides of a change or a finding, as far as they were computed. What they are of stands beside
/// them, so they take no part in comparing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Contents {
    pub(crate) before: Option<Content>,
    pub(crate) after: Option<Content>,
}

impl Contents {
    pub(crate) fn of(before: Option<&Value>, after: Option<&Value>) -> Self {
        Self { before: before.map(Content::of), after: after.map(Content::of) }
    }
}

impl PartialEq for Contents {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Contents {}

/// An object that is hashed for a name: its members in canonical order.
pub(crate) struct Identity(CanonicalObject);

impl Identity {
    pub(crate) fn new() -> Self {
        Self(CanonicalObject::new(512))
    }

    pub(crate) fn content(&mut self, name: &str, content: Option<Content>) {
        if let Some(Content(hash)) = content {
            self.0.text(name, Some(&hash.to_hex()));
        }
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.0.text(name, Some(text));
    }

    /// The first digits of the digest, in hexadecimal.
    pub(crate) fn digits(self, count: usize) -> String {
        blake3::hash(self.0.finish().as_bytes()).to_hex().chars().take(count).collect()
    }
}
