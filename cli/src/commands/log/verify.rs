//! `mcp-pin log verify`.

use mcp_pin_tlog::{Edge, tile::FULL_WIDTH};
use serde::Serialize;

use super::connected::LogArguments;
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    log::{CurrentLog, LogProblem, LogReader, meet},
    render::json,
    ui::sanitize,
};

/// Check that a registry's log is signed, current, a continuation of what was seen before, and whole
///
/// All hashes are computed again from the tiles and, with a token that may read events, from the entries themselves. Ends
/// with 1 for a log that is not what it should be, and with 3 when it could not be checked.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only the head of the log: its signature, its age, and that it continues what was seen
    #[arg(long)]
    pub only_checkpoint: bool,
    /// Which log.
    #[command(flatten)]
    pub log: LogArguments,
}

/// What was computed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Computed {
    /// Nothing.
    Checkpoint,
    /// All hashes, from those of the entries.
    Tiles,
    /// All hashes, from the entries.
    Entries,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    origin: String,
    size: u64,
    root: String,
    signed_at: Option<u64>,
    /// How many entries the log had when it was seen last.
    seen_before: Option<u64>,
    computed: Computed,
}

/// Runs it.
///
/// # Errors
/// See [`LogProblem`].
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let progress = context.ui.progress("checking the log");
    let checked = context.block_on(check(arguments, context));
    progress.finish();
    let (log, computed) = checked?;
    let checkpoint = log.checkpoint.checkpoint();
    let document = Document {
        origin: checkpoint.origin.clone(),
        size: checkpoint.size,
        root: checkpoint.root.to_string(),
        signed_at: log.checkpoint.signed_at(),
        seen_before: log.before.as_ref().map(|before| before.size),
        computed,
    };
    if context.format == Format::Json {
        json::print(&context.ui, "log-verify", &document)?;
        return Ok(Status::Passed);
    }
    let continues = match document.seen_before {
        None => "seen for the first time".to_owned(),
        Some(before) if before == document.size => "the same as before".to_owned(),
        Some(before) => format!("continues the {before} entries that were seen before"),
    };
    let what = match computed {
        Computed::Checkpoint => "its signature",
        Computed::Tiles => "its signature and all of its tiles",
        Computed::Entries => "its signature, all of its tiles and all of its entries",
    };
    context.ui.talk(format!("the log {} of {} entries: {continues}", sanitize::line(&document.origin), document.size));
    context.ui.talk(format!("checked {what}"));
    if computed == Computed::Tiles {
        context.ui.hint("with a token that may read events, the entries are held against the tiles, too");
    }
    Ok(Status::Passed)
}

async fn check(arguments: &Arguments, context: &Context) -> Result<(CurrentLog, Computed), CommandError> {
    let connected = arguments.log.connect(context).await?;
    let log = meet(&connected.client, &connected.keys, &connected.known, context.now()).await?;
    let computed = if arguments.only_checkpoint {
        Computed::Checkpoint
    } else {
        let with_entries = arguments.log.connection.has_token(context);
        recompute(&connected.client, &log, with_entries).await?;
        if with_entries { Computed::Entries } else { Computed::Tiles }
    };
    connected.keep(log.size(), log.checkpoint.bytes())?;
    Ok((log, computed))
}

/// Computes the root again from the leaves, with every tile above them, and the leaves from the entries.
async fn recompute(
    client: &mcp_pin_registry_client::RegistryClient,
    log: &CurrentLog,
    with_entries: bool,
) -> Result<(), LogProblem> {
    let checkpoint = log.checkpoint.checkpoint();
    let mut reader = LogReader::open(client, checkpoint, &[]).await?;
    let mut edge = Edge::new();
    while edge.size() < checkpoint.size {
        let start = edge.size();
        // Tiles are held against those above them, up to the root; so what is left is that the leaves lead there, too.
        let leaves = if with_entries {
            let entries = reader.entries(start..checkpoint.size.min(start + FULL_WIDTH)).await?;
            entries.iter().map(|entry| mcp_pin_tlog::Hash::of_leaf(entry)).collect()
        } else {
            reader.leaves(start).await?.1
        };
        if leaves.is_empty() {
            return Err(LogProblem::Entry { sequence: start + 1 });
        }
        for leaf in leaves {
            edge.append(leaf, |_, _| ());
        }
    }
    if edge.root() == checkpoint.root { Ok(()) } else { Err(LogProblem::Tile(mcp_pin_tlog::TileError::Root)) }
}
