//! `mcp-pin ls`.

use std::collections::BTreeSet;

use mcp_pin_model::{
    Alias, Digest, EntryKind, ServerName, ServerVersion,
    lockfile::{LockedServer, Source},
};
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandResult, Status},
    project::ConfiguredServer,
    render::{json, table::table},
};

/// List the configured and locked servers
///
/// Reads files only: `mcp-pin verify` checks what they say.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {}

/// Where a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum LockState {
    /// Configured as locked.
    Locked,
    /// Configured, not locked.
    NotLocked,
    /// Locked, but configured to start otherwise.
    LaunchChanged,
    /// Locked, and no client is configured with it.
    NotConfigured,
}

impl LockState {
    fn words(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::NotLocked => "not locked",
            Self::LaunchChanged => "launch changed",
            Self::NotConfigured => "not configured",
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    alias: Alias,
    state: LockState,
    /// `stdio` or `streamable-http`.
    transport: &'static str,
    /// Whether the client's configuration switches it off.
    disabled: bool,
    /// Where it is configured.
    configured_in: Vec<String>,
    /// What is locked; absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<LockedRow>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LockedRow {
    name: ServerName,
    version: ServerVersion,
    /// `local` or `registry+<url>`.
    source: String,
    manifest: Digest,
    surface: Digest,
    consents: usize,
    tools: Option<usize>,
    prompts: Option<usize>,
    resources: Option<usize>,
    resource_templates: Option<usize>,
    skills: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Document {
    servers: Vec<Row>,
}

/// Runs it.
///
/// # Errors
/// A configuration or lock that cannot be read.
pub fn run(_arguments: &Arguments, context: &Context) -> CommandResult {
    let project = context.project()?;
    let lock = context.state(&project).read_lock()?.unwrap_or_default();
    let aliases: BTreeSet<&Alias> = project
        .servers
        .iter()
        .map(|server| &server.alias)
        .chain(lock.servers().iter().map(|server| &server.alias))
        .collect();
    let rows: Vec<Row> =
        aliases.into_iter().filter_map(|alias| row(alias, project.server(alias), lock.server(alias))).collect();
    match context.format {
        Format::Json => json::print(&context.ui, "ls", &Document { servers: rows })?,
        Format::Human if rows.is_empty() => {
            context.ui.talk("no servers are configured here, and none are locked");
            context.ui.hint("mcp-pin reads .mcp.json, .vscode/mcp.json and mcp-pin.toml");
        }
        Format::Human => {
            let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
            let header = ["ALIAS", "STATE", "NAME", "VERSION", "SOURCE", "ENTRIES"];
            context.ui.data(table(&header, &cells, context.ui.width())).map_err(|error| super::output_error(&error))?;
        }
    }
    Ok(Status::Passed)
}

fn row(alias: &Alias, configured: Option<&ConfiguredServer>, locked: Option<&LockedServer>) -> Option<Row> {
    let launch = configured.map(|server| &server.launch).or_else(|| locked.map(|server| &server.launch))?;
    let state = match (configured, locked) {
        (Some(configured), Some(locked)) => {
            let mut launch = configured.launch.clone();
            launch.normalise();
            if launch == locked.launch { LockState::Locked } else { LockState::LaunchChanged }
        }
        (_, None) => LockState::NotLocked,
        (None, Some(_)) => LockState::NotConfigured,
    };
    Some(Row {
        alias: alias.clone(),
        state,
        transport: launch.transport(),
        disabled: configured.is_some_and(|server| server.disabled),
        configured_in: configured
            .map(|server| server.places.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        locked: locked.map(locked_row),
    })
}

fn locked_row(server: &LockedServer) -> LockedRow {
    let count = |kind| server.section(kind).map(<[_]>::len);
    LockedRow {
        name: server.name.clone(),
        version: server.version.clone(),
        source: source_text(&server.source),
        manifest: server.manifest,
        surface: server.surface,
        consents: server.consent.len(),
        tools: count(EntryKind::Tool),
        prompts: count(EntryKind::Prompt),
        resources: count(EntryKind::Resource),
        resource_templates: count(EntryKind::ResourceTemplate),
        skills: count(EntryKind::Skill),
    }
}

/// A source as the lock spells it.
pub(crate) fn source_text(source: &Source) -> String {
    match source {
        Source::Local => "local".to_owned(),
        Source::Registry(url) => format!("registry+{url}"),
    }
}

fn cells(row: &Row) -> Vec<String> {
    let mut state = row.state.words().to_owned();
    if row.disabled {
        state.push_str(", disabled");
    }
    let mut cells = vec![row.alias.to_string(), state];
    match &row.locked {
        Some(locked) => cells.extend([
            locked.name.to_string(),
            locked.version.to_string(),
            locked.source.clone(),
            entries_words(locked),
        ]),
        None => cells.extend(["-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned()]),
    }
    cells
}

fn entries_words(locked: &LockedRow) -> String {
    let parts: Vec<String> = [
        (locked.tools, "tool"),
        (locked.prompts, "prompt"),
        (locked.resources, "resource"),
        (locked.resource_templates, "template"),
        (locked.skills, "skill"),
    ]
    .into_iter()
    .filter_map(|(count, noun)| match count? {
        0 => None,
        1 => Some(format!("1 {noun}")),
        count => Some(format!("{count} {noun}s")),
    })
    .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}
