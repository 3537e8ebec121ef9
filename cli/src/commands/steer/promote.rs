//! `mcp-pin promote`.

use mcp_pin_model::Ring;
use mcp_pin_registry_client::RolloutAction;

use super::{Target, ring, steer};
use crate::{context::Context, error::CommandResult};

/// Bring a version of a registry to the next ring now
///
/// Nothing is waited for: no soak, no cool-down. The consents that the ring takes are needed all the same.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Up to this ring [default: the next one]
    #[arg(long, value_name = "RING", value_parser = ring)]
    pub ring: Option<Ring>,
    /// Which version, and why.
    #[command(flatten)]
    pub target: Target,
}

/// Runs it.
///
/// # Errors
/// When the registry refuses or cannot be asked.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    steer(&arguments.target, context, RolloutAction::Promote, arguments.ring.as_ref())
}
