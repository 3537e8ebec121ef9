//! The registry's own keys: the root that says which they are, and the key of its log.
//!
//! The root is signed by people, offline, with keys that this program never holds; it only checks what they signed and
//! serves it. What it holds is the key of the transparency log.

pub mod commands;
mod log_key;
mod store;

pub use log_key::LogKey;
pub use store::{RootError, RootStore, ServedRoots};
