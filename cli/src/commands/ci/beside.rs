//! What the servers of a lock have to do with one another, where a pull request made it so.
//!
//! This is no part of a change report and nobody consents to it there: it depends on who else is locked.

use std::collections::BTreeSet;

use mcp_pin_diff::siblings::{Sibling, among};
use mcp_pin_model::{Alias, Surface};

use super::weigh::Weighing;
use crate::{commands::diff::locks::Half, findings::Finding};

/// What is found now and was not found in the base.
pub(super) fn check(before: &Half<'_>, now: &Half<'_>, weighing: &Weighing) -> Vec<Finding> {
    let known: BTreeSet<String> = found(before).into_iter().map(|(_, finding)| finding.fingerprint).collect();
    found(now)
        .into_iter()
        .filter(|(_, finding)| !known.contains(&finding.fingerprint))
        .flat_map(|(alias, finding)| {
            let server = now.lock.server(&alias).map(|server| &server.name);
            weighing.of_findings(&alias, server, &[finding])
        })
        .collect()
}

fn found(half: &Half<'_>) -> Vec<(Alias, mcp_pin_diff::Finding)> {
    // A snapshot that is missing or another is a failed check of its own.
    let surfaces: Vec<(&Alias, Surface)> = half
        .lock
        .servers()
        .iter()
        .filter_map(|server| Some((&server.alias, half.snapshot(server).ok().flatten()?)))
        .collect();
    let siblings: Vec<Sibling<'_>> =
        surfaces.iter().map(|(alias, surface)| Sibling { name: alias.as_str(), surface }).collect();
    let mut out = Vec::new();
    for (index, ((alias, _), subject)) in surfaces.iter().zip(&siblings).enumerate() {
        let others: Vec<Sibling<'_>> =
            siblings.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, sibling)| *sibling).collect();
        if others.is_empty() {
            continue;
        }
        out.extend(among(subject, &others).into_iter().map(|finding| ((*alias).clone(), finding)));
    }
    out
}
