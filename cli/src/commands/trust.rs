//! `mcp-pin trust`.

mod show;
mod update;

use clap::Subcommand;

use crate::{context::Context, error::CommandResult};

pub use update::{RootUpdate, update_root};

/// Show whom mcp-pin trusts here, and fetch trusted roots
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: TrustCommand,
}

/// What can be done about trust. Whom to trust is written by people, into mcp-pin.toml.
#[derive(Clone, Debug, Subcommand)]
pub enum TrustCommand {
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Show(show::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Update(update::Arguments),
}

/// Runs it.
///
/// # Errors
/// Those of the command.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    match &arguments.command {
        TrustCommand::Show(arguments) => show::run(arguments, context),
        TrustCommand::Update(arguments) => update::run(arguments, context),
    }
}
