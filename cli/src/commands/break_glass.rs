//! `mcp-pin break-glass`.

use mcp_pin_model::{Digest, Ring};
use mcp_pin_registry_client::NewBreakGlass;
use serde::Serialize;

use super::{
    approve::find,
    registry::connection::{Connection, ask},
};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::json,
    ui::{Role, Text},
};

/// Put or keep a version live for some hours without the consents that it takes
///
/// For emergencies; takes the roles `admin` and `break-glass` together. Everybody sees it: it is an event, a warning in the
/// registry's log, and a mark on the entry. It ends by itself; then the version leaves unless enough people have consented.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// A submission: `<server>@<version>`, or its id
    #[arg(value_name = "SERVER@VERSION|ID")]
    pub what: String,
    /// The digest of the change report that you have read; `mcp-pin review` shows it
    #[arg(long, value_name = "DIGEST")]
    pub accept: Digest,
    /// For how many hours
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..))]
    pub hours: u32,
    /// Why; everybody who reads the record sees it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Only in this ring; may be given several times [default: all rings]
    #[arg(long, value_name = "RING")]
    pub ring: Vec<String>,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    id: String,
    server: String,
    rings: Vec<String>,
    principal: String,
    reason: String,
    expires_at: String,
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let rings = arguments.ring.iter().map(|ring| ring.parse::<Ring>());
    let rings = rings.collect::<Result<_, _>>().map_err(|error| CommandError::usage(format!("--ring: {error}")))?;
    let client = arguments.connection.authorized(context)?;
    let submission = find(context, &client, &arguments.what)?;
    let order = NewBreakGlass {
        manifest: submission.manifest,
        changes: arguments.accept,
        rings,
        reason: arguments.reason.clone(),
        hours: arguments.hours,
    };
    let record = ask(context, "breaking the glass", client.break_glass(&order))?;
    let rings: Vec<String> = record.rings.iter().map(ToString::to_string).collect();
    if context.format == Format::Json {
        let document = Document {
            id: record.id,
            server: record.server.to_string(),
            rings,
            principal: record.principal,
            reason: record.reason,
            expires_at: record.expires_at.to_string(),
        };
        json::print(&context.ui, "break-glass", &document)?;
        return Ok(Status::Passed);
    }
    let mut text = Text::new().with(Role::Warning, "live without consent ");
    let until = record.expires_at.strftime("%Y-%m-%d %H:%M:%S UTC");
    text.plain(format!("{}@{} in {} until {until}", submission.server, submission.version, rings.join(", ")));
    context.ui.data(text).map_err(|error| super::output_error(&error))?;
    Ok(Status::Passed)
}
