//! Attestations through the crate's public seam.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod capability_manifest;
mod common;
mod encrypted_keys;
mod form;
mod interop;
mod keyless;
mod keys;
mod packages;
mod registry_root;
mod tampering;
mod verify;
