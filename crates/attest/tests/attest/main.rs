//! Attestations through the crate's public seam.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod capability_manifest;
mod common;
mod form;
mod interop;
mod keys;
mod verify;
