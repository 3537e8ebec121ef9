//! What the merged servers are verified with, gathered in a folder of its own: while a driver runs, the working tree holds the files
//! of our side only, and those of the other are in git.
//!
//! From which commit a file comes does not matter: attestations and reports are named by their content, and everything is
//! verified afterwards.

use std::path::Path;

use mcp_pin_model::lockfile::{LOCK_FILE, LockedServer};
use tempfile::TempDir;

use super::merge::Side;
use crate::{
    context::Context,
    error::CommandError,
    git::Commit,
    state::{STATE_DIRECTORY, read_bounded, write_atomic},
};

/// The largest file beside a lock.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The folders whose files are named by their content.
const NAMED_BY_CONTENT: [&str; 2] = ["attestations", "changes"];

/// A folder that looks like the merged project to whoever verifies it.
///
/// # Errors
/// When files cannot be read or written. What git does not have is missing, which the verification tells.
pub(super) fn gather(
    root: &Path,
    context: &Context,
    taken: &[(LockedServer, Side)],
    theirs: &[u8],
) -> Result<TempDir, CommandError> {
    let folder = tempfile::Builder::new()
        .prefix("mcp-pin-merge-")
        .tempdir()
        .map_err(|error| CommandError::could_not_check(format!("cannot make a folder for the merge: {error}")))?;
    let other = match taken.iter().any(|(_, side)| *side == Side::Theirs) {
        true => commit_of(root, context, theirs),
        false => None,
    };
    for kind in NAMED_BY_CONTENT {
        let kind = format!("{STATE_DIRECTORY}/{kind}");
        for name in names_in(&root.join(&kind)) {
            copy(root, folder.path(), &format!("{kind}/{name}"))?;
        }
        let Some(other) = &other else { continue };
        for path in other.list(&kind)? {
            let target = folder.path().join(&path);
            if !target.exists()
                && is_plain(&path, &kind)
                && let Some(bytes) = other.file(&path)?
            {
                write_atomic(&target, &bytes)?;
            }
        }
    }
    for (server, side) in taken {
        let path = format!("{STATE_DIRECTORY}/surfaces/{}.json", server.alias.file_stem());
        match (side, &other) {
            (Side::Ours, _) => copy(root, folder.path(), &path)?,
            (Side::Theirs, Some(other)) => {
                if let Some(bytes) = other.file(&path)? {
                    write_atomic(&folder.path().join(&path), &bytes)?;
                }
            }
            (Side::Theirs, None) => {}
        }
    }
    Ok(folder)
}

/// The other side's commit: whichever has its lock. A merge tells its name in the environment; a rebase does not.
fn commit_of(root: &Path, context: &Context, lock: &[u8]) -> Option<Commit> {
    let named = context
        .environment
        .variables()
        .filter_map(|(name, _)| name.strip_prefix("GITHEAD_").map(str::to_owned))
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let heads = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD", "REVERT_HEAD"].map(str::to_owned);
    let has_lock = |commit: &Commit| commit.file(LOCK_FILE).is_ok_and(|found| found.as_deref() == Some(lock));
    named
        .chain(heads)
        .filter_map(|revision| Commit::resolve(root, &revision).ok())
        .find(has_lock)
        .or_else(|| Commit::with_file(root, LOCK_FILE, lock).into_iter().find(has_lock))
}

fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// A file right in the folder: a commit's paths are foreign, and none may lead elsewhere.
fn is_plain(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .and_then(|rest| rest.strip_prefix('/'))
        .is_some_and(|name| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':']))
}

fn copy(root: &Path, folder: &Path, path: &str) -> Result<(), CommandError> {
    match read_bounded(&root.join(path), MAX_FILE_BYTES) {
        Ok(Some(bytes)) => write_atomic(&folder.join(path), &bytes).map(|_| ()),
        // A folder in place of a file, or one that cannot be read: the verification tells what is missing.
        Ok(None) | Err(_) => Ok(()),
    }
}
