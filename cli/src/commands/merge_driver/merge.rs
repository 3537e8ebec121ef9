//! Three locks to one: pure, and decides nothing that somebody has to consent to.

use std::collections::{BTreeMap, BTreeSet};

use mcp_pin_model::{
    Alias, Lockfile,
    lockfile::{LOCK_FILE, LockedRegistry, LockedServer},
};

use crate::error::CommandError;

/// Whose version of a server was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The one that is checked out.
    Ours,
    /// The one to be merged.
    Theirs,
}

/// What became of one server.
#[derive(Clone, Debug)]
enum Row {
    /// Both sides say the same.
    Same(LockedServer),
    /// One side changed it, and it has to verify.
    Taken { side: Side, ours: Option<LockedServer>, theirs: Option<LockedServer> },
    /// Somebody has to decide.
    Conflict { ours: Option<LockedServer>, theirs: Option<LockedServer> },
}

/// A merged lock, in which some servers may be conflicts.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    registries: Vec<LockedRegistry>,
    rows: BTreeMap<Alias, Row>,
}

impl Merged {
    /// Merges by alias: what one side left as it was is taken from the other.
    ///
    /// # Errors
    /// When both saw other checkpoints of one registry: which of them the log continues cannot be told here.
    pub(super) fn of(base: &Lockfile, ours: &Lockfile, theirs: &Lockfile) -> Result<Self, CommandError> {
        let all = || [base, ours, theirs].into_iter();
        let mut registries = Vec::new();
        let urls: BTreeSet<&str> =
            all().flat_map(|lock| lock.registries()).map(|registry| registry.url.as_str()).collect();
        for url in urls {
            let of = |lock: &Lockfile| lock.registries().iter().find(|one| one.url.as_str() == url).cloned();
            let (before, mine, other) = (of(base), of(ours), of(theirs));
            let taken = if mine == other || before == other {
                mine
            } else if before == mine {
                other
            } else {
                return Err(CommandError::failed(format!(
                    "both sides saw other checkpoints of the registry {url}, and which one its log continues cannot be told here"
                ))
                .hint(format!("take one side (`git checkout --ours {LOCK_FILE}`), then run `mcp-pin update`")));
            };
            registries.extend(taken);
        }
        let aliases: BTreeSet<&Alias> = all().flat_map(|lock| lock.servers()).map(|server| &server.alias).collect();
        let mut rows = BTreeMap::new();
        for alias in aliases {
            let of = |lock: &Lockfile| lock.server(alias).cloned();
            let (before, mine, other) = (of(base), of(ours), of(theirs));
            let row = match (mine, other) {
                (Some(mine), other) if other.as_ref() == Some(&mine) => Row::Same(mine),
                (None, None) => continue,
                (mine, other) if before == other => Row::Taken { side: Side::Ours, ours: mine, theirs: other },
                (mine, other) if before == mine => Row::Taken { side: Side::Theirs, ours: mine, theirs: other },
                (mine, other) => Row::Conflict { ours: mine, theirs: other },
            };
            rows.insert(alias.clone(), row);
        }
        Ok(Self { registries, rows })
    }

    /// The servers that were taken from one side, and have to verify.
    pub(super) fn taken(&self) -> impl Iterator<Item = (&LockedServer, Side)> {
        self.rows.values().filter_map(|row| match row {
            Row::Taken { side: side @ Side::Ours, ours: Some(server), .. }
            | Row::Taken { side: side @ Side::Theirs, theirs: Some(server), .. } => Some((server, *side)),
            Row::Taken { .. } | Row::Same(_) | Row::Conflict { .. } => None,
        })
    }

    /// The servers that somebody has to decide about.
    pub(super) fn conflicts(&self) -> impl Iterator<Item = &Alias> {
        self.rows.iter().filter(|(_, row)| matches!(row, Row::Conflict { .. })).map(|(alias, _)| alias)
    }

    /// Leaves a server for somebody to decide about.
    pub(super) fn leave(&mut self, alias: &Alias) {
        if let Some(row) = self.rows.get_mut(alias)
            && let Row::Taken { ours, theirs, .. } = row
        {
            *row = Row::Conflict { ours: ours.take(), theirs: theirs.take() };
        }
    }

    /// The file: canonical where there is no conflict, and so again once somebody deleted one side and the marks.
    pub(super) fn render(&self) -> String {
        let mut plain = Lockfile::new();
        let head = plain.render();
        for registry in &self.registries {
            plain.insert_registry(registry.clone());
        }
        let mut out = plain.render();
        let block = |server: Option<&LockedServer>| {
            let mut one = Lockfile::new();
            if let Some(server) = server {
                one.insert(server.clone());
            }
            one.render().strip_prefix(&head).map(|block| block.trim_start_matches('\n').to_owned()).unwrap_or_default()
        };
        for row in self.rows.values() {
            match row {
                Row::Same(server)
                | Row::Taken { side: Side::Ours, ours: Some(server), .. }
                | Row::Taken { side: Side::Theirs, theirs: Some(server), .. } => {
                    out.push('\n');
                    out.push_str(&block(Some(server)));
                }
                Row::Taken { .. } => {}
                Row::Conflict { ours, theirs } => {
                    out.push('\n');
                    out.push_str(&conflict(&block(ours.as_ref()), &block(theirs.as_ref())));
                }
            }
        }
        out
    }
}

/// A conflict as git writes one.
fn conflict(ours: &str, theirs: &str) -> String {
    format!("<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n")
}

/// Both files as one conflict, where no more can be said.
pub(super) fn whole_file(ours: &[u8], theirs: &[u8]) -> Vec<u8> {
    let mut out = b"<<<<<<< ours\n".to_vec();
    let mut side = |bytes: &[u8], mark: &[u8]| {
        out.extend_from_slice(bytes);
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            out.push(b'\n');
        }
        out.extend_from_slice(mark);
    };
    side(ours, b"=======\n");
    side(theirs, b">>>>>>> theirs\n");
    out
}
