//! Fake MCP servers: what they declare, and how they misbehave, is a [`Scenario`].
//!
//! The same scenario runs as a process ([`fake_mcp_server`] is its program), over HTTP ([`FakeHttpServer`]) or over any
//! pair of streams ([`serve`]).

mod binary;
mod engine;
mod http;
mod lines;
mod misbehaviour;
mod scenario;

use serde_json::Value;

pub use binary::{fake_mcp_server, fake_signer};
pub use engine::Engine;
pub use http::{FakeHttpServer, RecordedRequest};
pub use lines::serve;
pub use misbehaviour::Misbehaviour;
pub use scenario::{HttpBehaviour, Scenario, Speaks, StartBehaviour, Step};

/// A message of a client: strictly read, then as the plain value that scenarios are written in.
fn parse(bytes: &[u8]) -> Option<Value> {
    serde_json::to_value(mcp_pin_model::json::parse(bytes).ok()?).ok()
}
