//! The two programs together, as real processes: nothing here knows more of them than a user does.
//!
//! Every test has a folder, homes and an environment of its own. What needs something of the machine that may be
//! missing (`strace`, the right to mount) says `SKIPPED` and why.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test that called it")]

mod documentation;
mod edits;
mod full_disk;
mod hostile;
mod http;
mod interrupted;
mod kill_nine;
mod log;
mod login;
mod misbehaving;
mod offline;
mod organisation;
mod postgres;
mod programs;
mod pull_request;
mod registry;
mod rings;
mod roots;
mod secrets;
mod serving;
mod signing;
mod small_steps;
mod state;
mod terminal;
mod together;
mod untrusted_registry;
mod webhooks;
mod world;
