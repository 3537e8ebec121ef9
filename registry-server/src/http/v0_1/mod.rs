//! The MCP Registry API v0.1, as VS Code, GitHub Copilot and every other consumer of it expect it.
//!
//! Only what is live exists here. One entry that a client cannot read empties its whole list, so entries are made in
//! one place, [`entry`], from documents that were checked when they came in.

pub mod auth;
pub mod catalogue;
pub mod document;
pub mod edit;
pub mod entry;
pub mod get_version;
pub mod list_servers;
pub mod list_versions;
pub mod publish;
pub mod publisher;
pub mod quarantined;
pub mod service;
pub mod status;
pub mod validate;
