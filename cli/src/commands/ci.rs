//! `mcp-pin ci`.

mod base;
mod beside;
mod collect;
mod rollback;

use clap::ValueEnum;
use mcp_pin_model::Grade;

use super::{output_error, trusting::TrustArguments};
use crate::{
    cli::Format,
    context::Context,
    error::CommandResult,
    findings::{human, json},
    render,
};

/// Check a pull request: everything that `verify` checks, and what changed in the lock against the base branch
///
/// One command for pipelines. The configuration has to be locked and the lock configured; every signature and consent has to
/// hold by the trust of the base branch, not of the pull request; the lock must not go back to what was live before; and what
/// changed since the base is listed, the gravest first. Consents decide about changes: `--fail-on` fails on a grade although it
/// was consented to.
///
/// No server is started and no connection is made without --live, since a pull request's configuration is foreign code. The
/// base is --base, or what GitHub, GitLab, Bitbucket, Buildkite, Azure, Woodpecker or Jenkins name; without one, as on a
/// push, there is nothing to compare with and only the checks are made.
///
/// Exit codes: 0 everything passed, 1 something failed, 2 usage or configuration, 3 something could not be checked, 4
/// somebody has to consent first.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Compare with this git revision and judge by its trust [default: the base of the pull request that CI names]
    #[arg(long, value_name = "REVISION")]
    pub base: Option<String>,
    /// Fail on findings of this grade or a graver one, although they were consented to
    #[arg(long, value_name = "GRADE", value_enum, default_value_t = FailOn::Refuse)]
    pub fail_on: FailOn,
    /// Start or call each server whose lock verifies, and compare what it declares
    #[arg(long)]
    pub live: bool,
    /// Fetch each locked package and compare its bytes and where it was built
    #[arg(long)]
    pub online: bool,
    /// Whose trust counts, in place of the base's.
    #[command(flatten)]
    pub trust: TrustArguments,
}

/// The least grade that fails a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// What nobody may accept
    Refuse,
    /// What takes a quorum, or graver
    Block,
    /// What takes an approver item by item, or graver
    Review,
    /// Any change
    Notice,
}

impl From<FailOn> for Grade {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Refuse => Self::Refuse,
            FailOn::Block => Self::Block,
            FailOn::Review => Self::Review,
            FailOn::Notice => Self::Notice,
        }
    }
}

/// Runs it.
///
/// # Errors
/// When the output cannot be written.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let run = collect::collect(arguments, context).finished();
    match context.format {
        Format::Json => render::json::print(&context.ui, "ci", &json::document(&run))?,
        Format::Human => {
            let text = human::render(&run, context.ui.width());
            context.ui.data(text).map_err(|error| output_error(&error))?;
        }
    }
    Ok(run.outcome)
}
