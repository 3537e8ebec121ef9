//! What the two eras say differently.

use mcp_pin_model::json::{Object, Value};

use crate::{CaptureOptions, ClientIdentity, Era};

/// The modern revision that is offered.
pub(crate) const MODERN: &str = "2026-07-28";
/// The newest revision with `initialize`: the one that is offered there.
pub(crate) const LEGACY: &str = "2025-11-25";
/// Every revision with `initialize` that may be negotiated, newest first.
pub(crate) const LEGACY_KNOWN: [&str; 4] = [LEGACY, "2025-06-18", "2025-03-26", "2024-11-05"];

/// A revision from our own list, so that no text of a server is carried on.
pub(crate) fn known_legacy(revision: &str) -> Option<&'static str> {
    LEGACY_KNOWN.into_iter().find(|known| *known == revision)
}

/// Parameters of a request in one era.
#[derive(Clone, Debug)]
pub(crate) struct Dialect {
    client: ClientIdentity,
}

impl Dialect {
    pub(crate) fn new(options: &CaptureOptions) -> Self {
        Self { client: options.client.clone() }
    }

    fn client_info(&self) -> Value {
        Value::Object(Object::from_iter([
            ("name", Value::from(self.client.name.as_str())),
            ("version", Value::from(self.client.version.as_str())),
        ]))
    }

    /// Parameters of `initialize`. Capabilities are empty: nothing is offered that would have to be served, and a
    /// server that lists more to a client with more capabilities must be met by a gate that offers as little.
    pub(crate) fn initialize(&self) -> Object {
        Object::from_iter([
            ("protocolVersion", Value::from(LEGACY)),
            ("capabilities", Value::Object(Object::new())),
            ("clientInfo", self.client_info()),
        ])
    }

    /// Parameters of any other request, with the envelope of 2026-07-28 in `_meta` where the era has it.
    pub(crate) fn params(&self, era: Era, cursor: Option<String>) -> Object {
        let mut params = Object::new();
        if era == Era::Discover {
            params.insert(
                "_meta",
                Object::from_iter([
                    ("io.modelcontextprotocol/protocolVersion", Value::from(MODERN)),
                    ("io.modelcontextprotocol/clientInfo", self.client_info()),
                    ("io.modelcontextprotocol/clientCapabilities", Value::Object(Object::new())),
                ]),
            );
        }
        if let Some(cursor) = cursor {
            params.insert("cursor", cursor);
        }
        params
    }
}
