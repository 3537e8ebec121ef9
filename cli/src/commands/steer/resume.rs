//! `mcp-pin resume`.

use mcp_pin_registry_client::RolloutAction;

use super::{Target, steer};
use crate::{context::Context, error::CommandResult};

/// Let a version of a registry go on that was paused or halted
///
/// After a halt its soak begins anew, and what clients reported before counts no longer.
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
    steer(&arguments.target, context, RolloutAction::Resume, None)
}
