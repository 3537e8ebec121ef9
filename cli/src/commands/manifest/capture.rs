//! `mcp-pin manifest capture`.

use std::path::PathBuf;

use clap::ValueHint;
use mcp_pin_model::{Digest, EntryKind, Surface};
use serde::Serialize;

use crate::{
    authoring::{SURFACE_FILE, server::ServerArguments},
    cli::Format,
    commands::output_error,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::json,
    state::write_atomic,
    ui::{Role, Text, sanitize},
};

/// Write what the server that you build declares to a file, to be committed
///
/// Starts the server, as the configuration says or with the command after `--`, and reads everything that it declares. The
/// file has a canonical form: the same declarations give the same bytes on every machine, so that it changes exactly when
/// they do. `mcp-pin manifest check` compares it in CI; `mcp-pin inspect` tells what the rules find in it.
///
/// Exit codes: 0 written, or the same already, 2 usage or configuration, 3 the server could not be captured completely.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Which server.
    #[command(flatten)]
    pub server: ServerArguments,
    /// Where to write it
    #[arg(long, short, value_name = "FILE", default_value = SURFACE_FILE, value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    file: String,
    /// Whether the file had other bytes before, or was not there.
    written: bool,
    surface: Digest,
    model_visible: Digest,
    protocol: String,
    entries: Vec<Count>,
}

#[derive(Debug, Serialize)]
struct Count {
    kind: EntryKind,
    count: usize,
}

/// Runs it.
///
/// # Errors
/// When the server cannot be captured or the file not be written.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    if arguments.output.as_os_str() == "-" {
        return Err(CommandError::usage("the surface is written to a file, not to standard output")
            .hint("name one with --output"));
    }
    let live = arguments.server.capture(context)?;
    // Two at once: each writes its own file and renames it, so that whichever is last is there, whole.
    let written = write_atomic(&context.directory.join(&arguments.output), live.surface.to_snapshot().as_bytes())?;
    let document = Document {
        file: arguments.output.display().to_string(),
        written,
        surface: live.surface.digest(),
        model_visible: live.surface.model_visible_digest(),
        protocol: live.protocol,
        entries: counts(&live.surface),
    };
    match context.format {
        Format::Json => json::print(&context.ui, "manifest-capture", &document)?,
        Format::Human => context.ui.data(human(&document)).map_err(|error| output_error(&error))?,
    }
    Ok(Status::Passed)
}

fn counts(surface: &Surface) -> Vec<Count> {
    EntryKind::ALL.into_iter().filter_map(|kind| Some(Count { kind, count: surface.section(kind)?.len() })).collect()
}

fn human(document: &Document) -> Text {
    let mut out = Text::new();
    out.push(Role::Good, if document.written { "wrote " } else { "unchanged " });
    out.push(Role::Strong, sanitize::one_line(&document.file));
    out.newline();
    let counts: Vec<String> = document
        .entries
        .iter()
        .map(|Count { kind, count }| format!("{count} {}{}", kind.noun(), if *count == 1 { "" } else { "s" }))
        .collect();
    let declares = if counts.is_empty() { "no entries".to_owned() } else { counts.join(", ") };
    for (label, value) in [("declares", declares), ("surface", document.surface.to_string())] {
        out.push(Role::Dim, format!("  {label:<9}"));
        out.plain(value);
        out.newline();
    }
    out
}
