//! A lock that goes back to what was live before (threat T71).
//!
//! An old version was consented to once, so every signature in its entry holds. What gives it away is the history of the base
//! branch: the entry, or its content, was live there and was replaced.

use std::collections::BTreeSet;

use mcp_pin_model::{
    Alias, Digest, Grade, Lockfile,
    lockfile::{LOCK_FILE, LockedServer},
};

use super::base::Base;
use crate::{
    commands::diff::locks::Half,
    error::{CommandError, Status},
    findings::{Finding, rule_of},
};

/// How many versions of the lock are looked at: years of a busy lock, and some seconds of git.
const MAX_COMMITS: usize = 250;

/// What was live before for one server.
#[derive(Default)]
struct Past {
    manifests: BTreeSet<Digest>,
    surfaces: BTreeSet<Digest>,
}

/// What the lock goes back to, and a note where the history is not all there.
///
/// # Errors
/// Exit code 3 where git cannot list the history.
pub(super) fn check(
    base: &Base,
    before: &Lockfile,
    now: &Lockfile,
) -> Result<(Vec<Finding>, Option<String>), CommandError> {
    let changed: Vec<(&LockedServer, Option<&LockedServer>)> = now
        .servers()
        .iter()
        .filter_map(|server| {
            let old = before.server(&server.alias);
            (old != Some(server)).then_some((server, old))
        })
        .collect();
    if changed.is_empty() {
        return Ok((Vec::new(), None));
    }
    let history = base.tip.history(LOCK_FILE, MAX_COMMITS)?;
    let mut note = None;
    if base.tip.is_shallow() {
        note = Some("this clone is shallow: whether the lock goes back to an earlier version could be told for its part of the history only".to_owned());
    } else if history.len() == MAX_COMMITS {
        note = Some(format!(
            "the last {MAX_COMMITS} versions of the lock were looked at for one that this one goes back to"
        ));
    }
    // The newest is what is live there; a lock that nobody can read any more was none that was live.
    let past: Vec<Lockfile> =
        history.iter().filter_map(|commit| Half::of_commit(commit).ok().flatten()).map(|half| half.lock).collect();
    let findings = changed.into_iter().filter_map(|(server, old)| judge(server, old, &past)).collect();
    Ok((findings, note))
}

fn judge(server: &LockedServer, old: Option<&LockedServer>, past: &[Lockfile]) -> Option<Finding> {
    let Past { manifests, surfaces } = past_of(&server.alias, old, past);
    // What is live on the base branch now is no step back, however the pull request came by it.
    let tip = past.first().and_then(|lock| lock.server(&server.alias));
    if tip.is_some_and(|tip| tip.manifest == server.manifest) {
        return None;
    }
    let gone = match old {
        Some(old) => format!("replaced by {}", old.version),
        None => "taken out of the lock".to_owned(),
    };
    let live = old.map_or_else(String::new, |old| old.version.to_string());
    let finding = |grade, outcome, message: String, hint: String| {
        Some(
            Finding::new(rule_of("rollback"), grade, outcome, message)
                .with_hint(Some(hint))
                .of_server(Some(&server.alias)),
        )
    };
    if manifests.contains(&server.manifest) {
        return finding(
            Grade::Block,
            Status::Failed,
            format!(
                "it goes back to {} ({}), which was live before and was {gone}: its consents were given before that",
                server.version,
                server.manifest.short()
            ),
            format!(
                "to go back on purpose, let an approver decide relative to what is live: start the old version and run `mcp-pin update {}`",
                server.alias
            ),
        );
    }
    if surfaces.contains(&server.surface) {
        return finding(
            Grade::Review,
            Status::Passed,
            format!("it declares again what an earlier version declared, which was {gone}"),
            "the consents are new; make sure that going back is what they mean".to_owned(),
        );
    }
    let older = old.is_some_and(|old| server.name == old.name && server.version.semver() < old.version.semver());
    if older {
        return finding(
            Grade::Review,
            Status::Passed,
            format!("version {} is older than {live}, which it replaces", server.version),
            "an older version may have faults that the newer one mended".to_owned(),
        );
    }
    None
}

/// What a server was locked as before what the pull request found.
fn past_of(alias: &Alias, old: Option<&LockedServer>, past: &[Lockfile]) -> Past {
    let mut found = Past::default();
    for server in past.iter().filter_map(|lock| lock.server(alias)) {
        if old.is_some_and(|old| old.manifest == server.manifest) {
            continue;
        }
        found.manifests.insert(server.manifest);
        if old.is_none_or(|old| old.surface != server.surface) {
            found.surfaces.insert(server.surface);
        }
    }
    found
}
