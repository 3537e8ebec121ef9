//! `mcp-pin log`.

mod connected;
pub mod monitor;
pub mod show;
pub mod verify;

use crate::{context::Context, error::CommandResult};

/// Check a registry's transparency log, read it, or watch it
///
/// Every decision of a registry is an entry of its log. The log is append-only, and its head is signed: a registry that
/// took back an entry, hid one, or showed different logs to different people would be found out by what each of them saw.
/// What this machine saw is kept, so that every later log has to continue it.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with a log.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Verify(verify::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Show(show::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Monitor(monitor::Arguments),
}

/// Runs it.
///
/// # Errors
/// See the subcommands.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    match &arguments.action {
        Action::Verify(arguments) => verify::run(arguments, context),
        Action::Show(arguments) => show::run(arguments, context),
        Action::Monitor(arguments) => monitor::run(arguments, context),
    }
}
