//! One server among others that the same agent reads: a lock's other servers, or a registry's.
//!
//! What is found here depends on who else is there, so it is no part of a change report, which everybody must be able
//! to compute again from its two sides. It stands beside the report where somebody decides.

use mcp_pin_model::Surface;

use crate::{
    Finding, Side,
    compare::{Comparison, changes},
    reading::{self, Plain},
    rules,
};

/// Another server.
#[derive(Clone, Copy, Debug)]
pub struct Sibling<'a> {
    /// What people call it: its alias in a lock, its name in a registry.
    pub name: &'a str,
    /// What it declares.
    pub surface: &'a Surface,
}

/// What a server has to do with others: names that are taken or look alike, texts that speak of another's tools. Sorted,
/// the gravest first, each once. The others were there first; findings are about `subject`.
#[must_use]
pub fn among(subject: &Sibling<'_>, others: &[Sibling<'_>]) -> Vec<Finding> {
    let after = Side::of_surface(subject.surface);
    let changes = changes(None, &after);
    let passages = reading::passages(&changes, after.surface, Plain::Read);
    let comparison = Comparison::new(None, &after, &[], &changes, &passages).beside(subject.name, others);
    rules::run_among(&comparison)
}
