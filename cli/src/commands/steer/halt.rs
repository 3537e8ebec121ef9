//! `mcp-pin halt`.

use mcp_pin_registry_client::RolloutAction;

use super::{Target, steer};
use crate::{context::Context, error::CommandResult};

/// Stop a version of a registry where it is, because something was found out about it
///
/// It stays where it is live. To take it away there, see `mcp-pin rollback`; to end trust in it, `mcp-pin revoke`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Which version, and why.
    #[command(flatten)]
    pub target: Target,
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    steer(&arguments.target, context, RolloutAction::Halt, None)
}
