//! Clock, keys, builders, fake MCP servers, an OpenID Connect provider and a Sigstore instance for tests. Never part of a program.

pub mod fake;
pub mod keys;
pub mod oidc;
pub mod sigstore;
pub mod tuf;
