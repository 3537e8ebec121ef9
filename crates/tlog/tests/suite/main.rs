//! The log, through what it publishes.

#![expect(clippy::unwrap_used, clippy::string_slice, clippy::panic, reason = "tests")]

mod history;
mod notes;
mod peers;
mod published;
mod support;
mod tiles;
mod vectors;
