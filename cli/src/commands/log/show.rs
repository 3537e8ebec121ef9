//! `mcp-pin log show`.

use mcp_pin_model::{Digest, Ring, ServerName, ServerVersion, leaf::Leaf};
use mcp_pin_tlog::tile::FULL_WIDTH;
use serde::Serialize;

use super::connected::LogArguments;
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    log::{LogReader, meet},
    render::json,
    ui::{Role, Text, sanitize},
};

/// Show what a registry decided, from its log
///
/// Every entry that is shown was held against the signed head of the log, so that it is what everybody else is shown. Needs
/// a token that may read events.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only about this server
    #[arg(value_name = "SERVER")]
    pub server: Option<ServerName>,
    /// Only after this entry; the first one is 1
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    pub after: u64,
    /// Which log.
    #[command(flatten)]
    pub log: LogArguments,
}

/// An entry, as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryDocument {
    pub(super) sequence: u64,
    time: String,
    #[serde(rename = "type")]
    kind: String,
    actor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<ServerVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ring: Option<Ring>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Digest>,
}

impl EntryDocument {
    pub(super) fn of(sequence: u64, leaf: Leaf) -> Self {
        Self {
            sequence,
            time: leaf.time.to_string(),
            kind: mcp_pin_model::json::to_value(&leaf.kind)
                .ok()
                .and_then(|kind| kind.as_str().map(str::to_owned))
                .unwrap_or_default(),
            actor: leaf.actor,
            server: leaf.server,
            version: leaf.version,
            ring: leaf.ring,
            target: leaf.target,
            manifest: leaf.manifest,
        }
    }

    /// The line for people.
    pub(super) fn line(&self) -> Text {
        let mut text = Text::new();
        text.push(Role::Dim, format!("{:>6}  {}  ", self.sequence, self.time));
        text.push(Role::Strong, self.kind.clone());
        let about = [
            self.server.as_ref().map(|server| match &self.version {
                Some(version) => format!("{server}@{version}"),
                None => server.to_string(),
            }),
            self.target.as_deref().map(sanitize::line),
            self.ring.as_ref().map(|ring| format!("in {ring}")),
            Some(format!("by {}", sanitize::line(&self.actor))),
        ];
        for word in about.into_iter().flatten() {
            text.push(Role::Plain, format!(" {word}"));
        }
        text.push(Role::Plain, "\n".to_owned());
        text
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    origin: String,
    size: u64,
    entries: Vec<EntryDocument>,
}

/// Runs it.
///
/// # Errors
/// See [`crate::log::LogProblem`].
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    arguments.log.connection.authorized(context)?;
    let progress = context.ui.progress("reading the log");
    let read = context.block_on(read(arguments, context));
    progress.finish();
    let document = read?;
    if context.format == Format::Json {
        json::print(&context.ui, "log-show", &document)?;
        return Ok(Status::Passed);
    }
    if document.entries.is_empty() {
        context.ui.talk("the log has nothing about it");
        return Ok(Status::Passed);
    }
    let mut text = Text::new();
    for entry in &document.entries {
        text.append(entry.line());
    }
    context.ui.data(text).map_err(|error| super::super::output_error(&error))?;
    Ok(Status::Passed)
}

async fn read(arguments: &Arguments, context: &Context) -> Result<Document, CommandError> {
    let connected = arguments.log.connect(context).await?;
    let log = meet(&connected.client, &connected.keys, &connected.known, context.now()).await?;
    let checkpoint = log.checkpoint.checkpoint();
    let mut entries = Vec::new();
    if arguments.after < checkpoint.size {
        let mut reader = LogReader::open(&connected.client, checkpoint, &[]).await?;
        let mut at = arguments.after;
        while at < checkpoint.size {
            let end = checkpoint.size.min((at / FULL_WIDTH + 1) * FULL_WIDTH);
            for (entry, sequence) in reader.entries(at..end).await?.iter().zip(at + 1..) {
                if let Some(entry) = entry_about(arguments.server.as_ref(), sequence, entry)? {
                    entries.push(entry);
                }
            }
            at = end;
        }
    }
    connected.keep(log.size(), log.checkpoint.bytes())?;
    Ok(Document { origin: checkpoint.origin.clone(), size: checkpoint.size, entries })
}

fn entry_about(
    server: Option<&ServerName>,
    sequence: u64,
    entry: &[u8],
) -> Result<Option<EntryDocument>, CommandError> {
    let leaf = Leaf::from_bytes(entry).map_err(|error| {
        CommandError::could_not_check(format!("entry {sequence} of the log cannot be read: {error}"))
            .hint("a newer version of mcp-pin may know it")
    })?;
    let wanted = server.is_none_or(|server| leaf.server.as_ref() == Some(server));
    Ok(wanted.then(|| EntryDocument::of(sequence, leaf)))
}
