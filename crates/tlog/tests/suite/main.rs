//! The log, through what it publishes.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "tests")]

mod history;
mod notes;
mod peers;
mod support;
mod tiles;
mod vectors;
