//! Tests through the public seam.

#![expect(clippy::unwrap_used, reason = "tests")]

mod grades;
mod load;
mod red_team;
mod report;
mod rules;
mod siblings;
mod speech;
mod support;
mod threats;
mod threats_text;
mod upgrade;
