//! `mcp-pin review`.

use super::{approve, registry::connection::Connection};
use crate::{context::Context, error::CommandResult};

/// Show what was submitted to a registry, without deciding
///
/// The same report as in `mcp-pin approve`, computed here from manifests that are fetched by digest.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// A submission: `<server>@<version>`, or its id
    #[arg(value_name = "SERVER@VERSION|ID")]
    pub what: String,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// Runs it.
///
/// # Errors
/// When the submission is not what the registry says, or the registry cannot be asked.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    approve::show_only(context, &client, &arguments.what)
}
