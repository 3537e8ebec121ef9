//! Two locks: files, or this project's and the one of a git revision.
//!
//! The readable snapshots beside a lock make the comparison a full one. They are used only when they are what the lock
//! says by digest; without them, entries are compared by digest.

use std::{collections::BTreeSet, path::Path};

use mcp_pin_diff::{ChangeReport, Side};
use mcp_pin_model::{
    Alias, EntryKind, Surface,
    lockfile::{LOCK_FILE, LockedServer, Lockfile},
};
use serde::Serialize;

use super::{
    documents::Document,
    output::{self, Compared, Comparison, Showing},
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    git::Commit,
    render::json,
    state,
    ui::{Role, Text, layout, sanitize},
};

type Read<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, CommandError> + 'a;

/// One side: a lock and the files beside it.
pub(in crate::commands) struct Half<'a> {
    /// The lock.
    pub(in crate::commands) lock: Lockfile,
    /// Reads a file by its path from the lock's directory.
    read: Box<Read<'a>>,
}

impl Half<'static> {
    /// The lock of a commit; `None` where it has none.
    ///
    /// # Errors
    /// Exit code 3 for one that cannot be read.
    pub(in crate::commands) fn of_commit(commit: &Commit) -> Result<Option<Self>, CommandError> {
        let place = format!("{}:{LOCK_FILE}", commit.short());
        let Some(bytes) = commit.file(LOCK_FILE)? else { return Ok(None) };
        let lock = parse(&bytes, Path::new(&place))?;
        let commit = commit.clone();
        Ok(Some(Self { lock, read: Box::new(move |path| commit.file(path)) }))
    }

    /// The lock in a project's directory; `None` where it has none.
    ///
    /// # Errors
    /// Exit code 3 for one that cannot be read.
    pub(in crate::commands) fn of_project(root: &Path) -> Result<Option<Self>, CommandError> {
        let Some(bytes) = state::read_bounded(&root.join(LOCK_FILE), documents_limit())? else { return Ok(None) };
        let lock = parse(&bytes, Path::new(LOCK_FILE))?;
        let root = root.to_owned();
        Ok(Some(Self { lock, read: Box::new(move |path| state::read_bounded(&root.join(path), documents_limit())) }))
    }

    /// No lock: everything counts as new against it.
    pub(in crate::commands) fn empty() -> Self {
        Self { lock: Lockfile::new(), read: Box::new(|_| Ok(None)) }
    }
}

impl Half<'_> {
    /// The snapshot of a locked server; `None` where there is none.
    ///
    /// # Errors
    /// Exit code 3 for one that is not what the lock says.
    pub(in crate::commands) fn snapshot(&self, server: &LockedServer) -> Result<Option<Surface>, CommandError> {
        let path = format!("{}/surfaces/{}.json", state::STATE_DIRECTORY, server.alias.file_stem());
        let Some(bytes) = (self.read)(&path)? else { return Ok(None) };
        let surface =
            Surface::parse(&bytes).map_err(|error| CommandError::could_not_check(error.to_string()).at(&path, None))?;
        if surface.digest() == server.surface {
            return Ok(Some(surface));
        }
        Err(CommandError::could_not_check(format!("the snapshot of `{}` is not what the lock says", server.alias))
            .at(&path, None)
            .hint("restore the file from version control; `mcp-pin verify` names everything that does not fit"))
    }
}

/// What happened to one server between two locks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct ServerDifference {
    /// The server.
    pub(in crate::commands) alias: Alias,
    /// `added`, `removed`, `changed`, or `signed-again` (other signatures or consents over the same content).
    pub(in crate::commands) outcome: &'static str,
    /// The full comparison, where the snapshots are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
    /// What the digests tell, where they are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::commands) entries: Vec<EntryDifference>,
    /// The comparison itself, where the snapshots are there.
    #[serde(skip)]
    pub(in crate::commands) report: Option<ChangeReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::commands) struct EntryDifference {
    /// The list it stands in.
    pub(in crate::commands) kind: EntryKind,
    /// Its name or URI; hostile text.
    pub(in crate::commands) name: String,
    /// `added`, `removed` or `changed`.
    pub(in crate::commands) outcome: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LocksDocument<'a> {
    /// What the older lock is: a file, or a commit.
    base: &'a str,
    /// `unchanged` or `changed`.
    outcome: &'static str,
    servers: &'a [ServerDifference],
}

/// The lock of a git revision against the one here.
pub(super) fn against_revision(
    context: &Context,
    revision: &str,
    alias: Option<&Alias>,
    showing: &Showing,
) -> CommandResult {
    let project = context.project()?;
    let commit = Commit::resolve(&project.root, revision)?;
    let old = Half::of_commit(&commit)?.unwrap_or_else(|| {
        context.ui.warn(format!("commit {} has no {LOCK_FILE}: everything counts as new", commit.short()));
        Half::empty()
    });
    let Some(new) = Half::of_project(&project.root)? else {
        return Err(
            CommandError::could_not_check(format!("there is no {LOCK_FILE} here")).hint("make one with `mcp-pin lock`")
        );
    };
    let base = format!("commit {}", commit.short());
    compare(context, &base, &old, &new, alias, showing)
}

/// Two lock files, each with the snapshots beside it.
pub(super) fn two_files(context: &Context, old: &Document, new: &Document, showing: &Showing) -> CommandResult {
    let half = |document: &Document| {
        let lock = parse(&document.bytes, &document.path)?;
        let directory = context.directory.join(&document.path).parent().map(Path::to_owned).unwrap_or_default();
        Ok::<_, CommandError>(Half {
            lock,
            read: Box::new(move |path: &str| state::read_bounded(&directory.join(path), documents_limit())),
        })
    };
    let base = old.path.display().to_string();
    compare(context, &base, &half(old)?, &half(new)?, None, showing)
}

fn documents_limit() -> u64 {
    64 << 20
}

fn parse(bytes: &[u8], path: &Path) -> Result<Lockfile, CommandError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| CommandError::could_not_check("the lock is not UTF-8 text").at(path, None))?;
    Lockfile::parse(text).map_err(|error| CommandError::could_not_check(error.to_string()).at(path, None))
}

fn compare(
    context: &Context,
    base: &str,
    old: &Half<'_>,
    new: &Half<'_>,
    only: Option<&Alias>,
    showing: &Showing,
) -> CommandResult {
    let aliases = aliases(old, new);
    if let Some(only) = only
        && !aliases.contains(only)
    {
        return Err(CommandError::usage(format!("`{only}` is in neither lock")).hint("`mcp-pin ls` lists the servers"));
    }
    let named = old
        .lock
        .servers()
        .iter()
        .chain(new.lock.servers())
        .filter(|server| only.is_none_or(|only| *only == server.alias));
    let keys = named.flat_map(|server| {
        let sections = EntryKind::ALL.into_iter().filter_map(|kind| server.section(kind));
        sections.flatten().map(|entry| entry.name.as_str())
    });
    showing.check_entry(keys)?;
    let differences = shown_differences(old, new, only, showing)?;
    let changed = !differences.is_empty();
    match context.format {
        Format::Json => {
            let outcome = if changed { "changed" } else { "unchanged" };
            json::print(&context.ui, "diff-locks", &LocksDocument { base, outcome, servers: &differences })?;
        }
        Format::Human => output::write(context, human(context, base, &differences, showing))?,
    }
    Ok(if changed { Status::Failed } else { Status::Passed })
}

fn aliases<'a>(old: &'a Half<'_>, new: &'a Half<'_>) -> BTreeSet<&'a Alias> {
    old.lock.servers().iter().chain(new.lock.servers()).map(|server| &server.alias).collect()
}

/// What differs between two locks, by server: all of them, or one.
///
/// # Errors
/// Exit code 3 for a snapshot that is not what its lock says.
pub(in crate::commands) fn differences(
    old: &Half<'_>,
    new: &Half<'_>,
    only: Option<&Alias>,
) -> Result<Vec<ServerDifference>, CommandError> {
    shown_differences(old, new, only, &Showing::everything())
}

fn shown_differences(
    old: &Half<'_>,
    new: &Half<'_>,
    only: Option<&Alias>,
    showing: &Showing,
) -> Result<Vec<ServerDifference>, CommandError> {
    let mut differences = Vec::new();
    for alias in aliases(old, new).into_iter().filter(|alias| only.is_none_or(|only| only == *alias)) {
        differences.extend(difference(old, new, alias, showing)?);
    }
    Ok(differences)
}

fn difference(
    old: &Half<'_>,
    new: &Half<'_>,
    alias: &Alias,
    showing: &Showing,
) -> Result<Option<ServerDifference>, CommandError> {
    let (before, after) = (old.lock.server(alias), new.lock.server(alias));
    let (outcome, before, after) = match (before, after) {
        (None, None) => return Ok(None),
        (Some(before), Some(after)) if before == after => return Ok(None),
        (Some(before), Some(after)) => ("changed", Some(before), after),
        (None, Some(after)) => ("added", None, after),
        (Some(_), None) => {
            return Ok(Some(ServerDifference {
                alias: alias.clone(),
                outcome: "removed",
                comparison: None,
                entries: Vec::new(),
                report: None,
            }));
        }
    };
    let before_surface = before.map(|server| old.snapshot(server)).transpose()?;
    let after_surface = new.snapshot(after)?;
    let report = match (before, &before_surface, &after_surface) {
        (Some(before), Some(Some(before_surface)), Some(after_surface)) => Some(mcp_pin_diff::compare(
            Some(&side(before, before_surface)),
            &side(after, after_surface),
            &before.tombstones,
        )),
        (None, _, Some(after_surface)) => Some(mcp_pin_diff::compare(None, &side(after, after_surface), &[])),
        _ => None,
    };
    let outcome = match &report {
        Some(report) if report.is_unchanged() => "signed-again",
        _ => outcome,
    };
    Ok(Some(ServerDifference {
        alias: alias.clone(),
        outcome,
        entries: if report.is_none() { entries(before, after, showing) } else { Vec::new() },
        comparison: report.as_ref().map(|report| Comparison::of(&Compared { alias: None, report }, showing)),
        report,
    }))
}

fn side<'a>(server: &'a LockedServer, surface: &'a Surface) -> Side<'a> {
    Side {
        surface,
        // A lock does not record the places. Where one matters, a finding is graver here than in the signed report.
        placeholders: &[],
        launch: Some(&server.launch),
        artifacts: &server.artifact,
        name: Some(&server.name),
        version: Some(&server.version),
        manifest: Some(server.manifest),
        signer: Some(&server.signer),
        protocol: Some(&server.protocol),
    }
}

/// What differs by digest. A digest has no grade, so `--only` leaves all of them.
fn entries(before: Option<&LockedServer>, after: &LockedServer, showing: &Showing) -> Vec<EntryDifference> {
    let mut out = Vec::new();
    for kind in EntryKind::ALL {
        let old = before.and_then(|server| server.section(kind)).unwrap_or_default();
        let new = after.section(kind).unwrap_or_default();
        let names: BTreeSet<&str> = old.iter().chain(new).map(|entry| entry.name.as_str()).collect();
        let wanted = showing.selection.entry.as_deref();
        for name in names.into_iter().filter(|name| wanted.is_none_or(|wanted| wanted == *name)) {
            let find = |list: &[mcp_pin_model::lockfile::LockedEntry]| {
                list.iter().find(|entry| entry.name == name).map(|entry| entry.digest)
            };
            let outcome = match (find(old), find(new)) {
                (Some(old), Some(new)) if old == new => continue,
                (Some(_), Some(_)) => "changed",
                (None, _) => "added",
                (_, None) => "removed",
            };
            out.push(EntryDifference { kind, name: name.to_owned(), outcome });
        }
    }
    out
}

fn human(context: &Context, base: &str, differences: &[ServerDifference], showing: &Showing) -> Text {
    let mut text = Text::new();
    if differences.is_empty() {
        text.push(Role::Good, format!("nothing changed since {}", sanitize::line(base)));
        text.newline();
        return text;
    }
    for (index, difference) in differences.iter().enumerate() {
        if index > 0 {
            text.newline();
        }
        match &difference.report {
            Some(report) if difference.outcome != "signed-again" => {
                text.append(output::human(context, &Compared { alias: Some(&difference.alias), report }, showing));
                continue;
            }
            _ => {}
        }
        text.push(Role::Strong, difference.alias.as_str());
        text.plain(match difference.outcome {
            "removed" => "  is no longer locked",
            "signed-again" => "  the same content, with other signatures or consents",
            "added" => "  is locked now (no snapshot to show)",
            _ => "  changed (no snapshots to compare; by digest:)",
        });
        text.newline();
        for entry in &difference.entries {
            let line = format!("{} {} {}", entry.outcome, entry.kind.noun(), sanitize::name(&entry.name));
            if sanitize::width(&line) + 2 <= context.ui.width() {
                text.plain(format!("  {line}\n"));
            } else {
                text.append(layout::shown_block(&line, Role::Plain, 2, context.ui.width()));
            }
        }
    }
    text
}
