//! `mcp-pin reject`.

use super::{approve, registry::connection::Connection};
use crate::{context::Context, error::CommandResult};

/// Decide against what was submitted to a registry
///
/// For approvers; a publisher takes back with it what it submitted.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// A submission: `<server>@<version>`, or its id
    #[arg(value_name = "SERVER@VERSION|ID")]
    pub what: String,
    /// Why; the publisher sees it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// Runs it.
///
/// # Errors
/// When the submission has ended or is live, or the registry refuses.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.authorized(context)?;
    let submission = approve::find(context, &client, &arguments.what)?;
    approve::reject(context, &client, &submission, &arguments.reason)
}
