//! Clock, keys, builders, fake MCP servers and a Sigstore instance for tests. Never part of a program.

pub mod fake;
pub mod keys;
pub mod sigstore;
pub mod tuf;
