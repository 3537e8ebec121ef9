//! Where things stand in the lock: pull requests show annotations only on lines that they change, and an entry that changed has
//! its line in the lock changed with it.

use std::collections::BTreeMap;

use mcp_pin_diff::EntryRef;
use mcp_pin_model::{Alias, EntryKind, Lockfile, lockfile::LOCK_FILE};

use crate::error::Place;

/// The lines of a lock, counted from 1.
#[derive(Clone, Debug, Default)]
pub struct LockLines {
    servers: BTreeMap<Alias, ServerLines>,
}

#[derive(Clone, Debug, Default)]
struct ServerLines {
    alias: usize,
    members: BTreeMap<&'static str, usize>,
    entries: BTreeMap<(EntryKind, String), usize>,
}

/// The members that findings are about, as the lock spells them.
const MEMBERS: [&str; 10] =
    ["name", "version", "source", "protocol", "manifest", "surface", "signer", "consent", "launch", "artifact"];

impl LockLines {
    /// Looks them up. The canonical form makes this a matter of counting: one member and one entry a line.
    #[must_use]
    pub fn of(lock: &Lockfile) -> Self {
        let text = lock.render();
        let mut blocks: Vec<Vec<(usize, &str)>> = Vec::new();
        let mut inside = false;
        for (number, line) in (1..).zip(text.lines()) {
            match line {
                "[[server]]" => {
                    blocks.push(Vec::new());
                    inside = true;
                }
                _ if line.starts_with("[[") => inside = false,
                _ if inside => {
                    if let Some(block) = blocks.last_mut() {
                        block.push((number, line));
                    }
                }
                _ => {}
            }
        }
        let servers = lock.servers().iter().zip(blocks).map(|(server, block)| {
            let of = |key: &str| {
                let starts = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(" = "));
                block.iter().find(|(_, line)| starts(line)).map(|(number, _)| *number)
            };
            let mut lines = ServerLines { alias: of("alias").unwrap_or(1), ..ServerLines::default() };
            lines.members.extend(MEMBERS.iter().filter_map(|member| Some((*member, of(member)?))));
            for kind in EntryKind::ALL {
                let Some(first) = of(kind.section()) else { continue };
                let entries = server.section(kind).unwrap_or_default();
                let numbered = entries.iter().zip(first + 1..);
                lines.entries.extend(numbered.map(|(entry, number)| ((kind, entry.name.clone()), number)));
            }
            (server.alias.clone(), lines)
        });
        Self { servers: servers.collect() }
    }

    /// The line of an entry, else of a member (such as `launch`), else of the server, else the first.
    #[must_use]
    pub fn place(&self, server: Option<&Alias>, entry: Option<&EntryRef>, member: Option<&str>) -> Place {
        let line = server.and_then(|server| self.servers.get(server)).map_or(1, |lines| {
            let entry = entry.and_then(|entry| lines.entries.get(&(entry.kind, entry.key.clone())));
            let member = member.and_then(|member| lines.members.get(member));
            *entry.or(member).unwrap_or(&lines.alias)
        });
        Place { path: LOCK_FILE.into(), line: Some(line) }
    }
}
