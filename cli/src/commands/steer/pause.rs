//! `mcp-pin pause`.

use mcp_pin_registry_client::RolloutAction;

use super::{Target, steer};
use crate::{context::Context, error::CommandResult};

/// Keep a version of a registry in the rings that it has reached
///
/// The time that it is held counts as soak. For something that was found out about it, see `mcp-pin halt`.
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
    steer(&arguments.target, context, RolloutAction::Pause, None)
}
