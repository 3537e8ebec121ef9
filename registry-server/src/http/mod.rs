//! The HTTP interface: what is asked and answered, and nothing that decides.
//!
//! [`router`] is the table of contents; one file per endpoint under [`v0_1`] (the MCP Registry API, for every client
//! that knows it) and [`v1`] (ours). Who a caller is comes from an extractor in [`auth`], so a handler without it
//! cannot name anybody.

pub mod auth;
pub mod body;
pub mod cache;
pub mod cursor;
pub mod error;
pub mod log;
pub mod metrics;
pub mod middleware;
pub mod once;
pub mod openapi;
pub mod outcomes;
pub mod probes;
pub mod query;
pub mod rate;
pub mod reader;
pub mod router;
pub mod session;
pub mod state;
pub mod v0_1;
pub mod v1;
pub mod well_known;

pub use router::{openapi_document, router};
pub use state::AppState;
