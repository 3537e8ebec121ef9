//! `mcp-pin completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    cli::Cli,
    context::Context,
    error::{CommandError, CommandResult, Status},
};

/// Print a completion script for a shell
///
/// For bash: `mcp-pin completions bash > ~/.local/share/bash-completion/completions/mcp-pin`
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs it.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "mcp-pin", &mut script);
    let script = String::from_utf8(script).map_err(|_| CommandError::internal("the completion script is not text"))?;
    context.ui.script(&script).map_err(|error| super::output_error(&error))?;
    Ok(Status::Passed)
}
