//! Signing through the crate's public seam.
#![expect(clippy::unwrap_used, reason = "tests")]

mod external;
mod keyless;
mod services;
mod tokens;
