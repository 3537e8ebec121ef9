//! Tests through the public seam.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod load;
mod report;
mod rules;
mod support;
mod threats;
