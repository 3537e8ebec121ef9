//! Clock, keys, builders and fake MCP servers for tests. Never part of a program.

pub mod fake;
pub mod keys;
