//! `mcp-pin manifest`.

pub mod capture;
pub mod check;
pub mod export;
pub mod import;
mod locked;
pub mod sign;

use crate::{context::Context, error::CommandResult};

/// What publishers do with manifests
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with manifests.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Capture(capture::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Check(check::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Sign(sign::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Export(export::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Import(import::Arguments),
}

/// Runs it.
///
/// # Errors
/// See the actions.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    match &arguments.action {
        Action::Capture(arguments) => capture::run(arguments, context),
        Action::Check(arguments) => check::run(arguments, context),
        Action::Sign(arguments) => sign::run(arguments, context),
        Action::Export(arguments) => export::run(arguments, context),
        Action::Import(arguments) => import::run(arguments, context),
    }
}
