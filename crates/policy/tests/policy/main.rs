//! Decisions through the crate's public seam.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cases;
mod eligibility;
mod exceptions;
mod presets;
mod properties;
mod votes;
