//! Whose signatures count: identities beside keys, roots, the trust of a pull request, and locks that somebody tampered with.

#![expect(clippy::unwrap_used, reason = "what fails in a test's set-up fails the test")]

mod exceptions;
mod keyless;
mod pull_request;
mod show;
mod tampered;
mod update;
mod world;
