//! `mcp-pin rollback`.

use mcp_pin_model::Ring;
use mcp_pin_registry_client::RolloutAction;

use super::{Target, ring, steer};
use crate::{context::Context, error::CommandResult};

/// Take a version out of its rings, which go back to what they served before
///
/// All of them go back, or none: what a ring served before must not be revoked or expired, and the consents to it must
/// still hold.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only this ring and those after it [default: all]
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
    steer(&arguments.target, context, RolloutAction::Rollback, arguments.ring.as_ref())
}
