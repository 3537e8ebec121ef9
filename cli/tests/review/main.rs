//! A person reviews at a real terminal: what is shown, what is asked, what answers do.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what fails in a test's set-up fails the test")]

mod baseline;
mod beside;
mod hostile;
mod lock;
mod pages;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod update;
