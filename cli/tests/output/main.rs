//! What the program prints: to people without colour on 80 columns, and as JSON; and the codes it ends with.

mod common;
mod dialog;
mod documents;
mod project;
mod report;
