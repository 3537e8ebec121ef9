//! One command per file: its arguments, its help text, and `run`.

pub mod approve;
pub mod break_glass;
pub mod ci;
pub mod completions;
pub mod diff;
pub mod explain;
pub mod init;
pub mod inspect;
pub mod key;
pub mod lock;
pub mod log;
pub mod ls;
pub mod manifest;
pub mod merge_driver;
pub mod pending;
pub mod registry;
pub mod reject;
pub mod review;
pub mod revoke;
pub mod rules;
mod selection;
pub mod sign_bundle;
pub mod steer;
pub mod submit;
pub mod trust;
pub mod trusting;
pub mod update;
pub mod verify;
pub mod verify_bundle;
pub mod why;

use crate::{
    cli::Command,
    context::Context,
    error::{CommandError, CommandResult},
};

/// Runs a command.
///
/// # Errors
/// Whatever the command could not do; how it ended otherwise is in the status.
pub fn run(command: &Command, context: &Context) -> CommandResult {
    match command {
        Command::Init(arguments) => init::run(arguments, context),
        Command::Lock(arguments) => lock::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, context),
        Command::Diff(arguments) => diff::run(arguments, context),
        Command::Ci(arguments) => ci::run(arguments, context),
        Command::Update(arguments) => update::run(arguments, context),
        Command::Ls(arguments) => ls::run(arguments, context),
        Command::Why(arguments) => why::run(arguments, context),
        Command::Inspect(arguments) => inspect::run(arguments, context),
        Command::Explain(arguments) => explain::run(arguments, context),
        Command::Rules(arguments) => rules::run(arguments, context),
        Command::Trust(arguments) => trust::run(arguments, context),
        Command::Key(arguments) => key::run(arguments, context),
        Command::Manifest(arguments) => manifest::run(arguments, context),
        Command::SignBundle(arguments) => sign_bundle::run(arguments, context),
        Command::Submit(arguments) => submit::run(arguments, context),
        Command::Approve(arguments) => approve::run(arguments, context),
        Command::Reject(arguments) => reject::run(arguments, context),
        Command::Pending(arguments) => pending::run(arguments, context),
        Command::Review(arguments) => review::run(arguments, context),
        Command::Promote(arguments) => steer::promote::run(arguments, context),
        Command::Pause(arguments) => steer::pause::run(arguments, context),
        Command::Resume(arguments) => steer::resume::run(arguments, context),
        Command::Halt(arguments) => steer::halt::run(arguments, context),
        Command::Rollback(arguments) => steer::rollback::run(arguments, context),
        Command::BreakGlass(arguments) => break_glass::run(arguments, context),
        Command::Revoke(arguments) => revoke::run(arguments, context),
        Command::Log(arguments) => log::run(arguments, context),
        Command::Registry(arguments) => registry::run(arguments, context),
        Command::VerifyBundle(arguments) => verify_bundle::run(arguments, context),
        Command::MergeDriver(arguments) => merge_driver::run(arguments, context),
        Command::Completions(arguments) => completions::run(arguments, context),
    }
}

/// Standard output cannot be written: whoever asked does not get the answer.
pub(crate) fn output_error(error: &std::io::Error) -> CommandError {
    CommandError::could_not_check(format!("cannot write to standard output: {error}"))
}

/// Nobody answered, so nobody consented.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn prompt_error(error: crate::ui::PromptError) -> CommandError {
    CommandError::consent_required(error.to_string())
}
