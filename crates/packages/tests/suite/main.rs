//! Packages through the crate's public seam: hostile archives, hosts that lie, configurations of clients.
#![expect(clippy::unwrap_used, reason = "tests")]

mod archives;
mod endpoints;
mod hosts;
mod images;
