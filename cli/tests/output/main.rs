//! What the program prints: to people without colour on 80 columns, and as JSON; and the codes it ends with.

#![expect(clippy::unwrap_used, reason = "what fails in a test's set-up fails the test")]

mod action;
mod authoring;
mod ci;
mod ci_document;
mod ci_exceptions;
mod common;
mod documents;
mod forms;
mod inspect;
mod merge_driver;
mod online;
mod policy_page;
mod project;
mod report;
mod review;
mod rules;
mod schema;
mod sep_3140;
