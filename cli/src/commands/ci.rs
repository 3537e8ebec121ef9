//! `mcp-pin ci`.

mod base;
mod beside;
mod collect;
mod rollback;
mod weigh;

use clap::{ValueEnum, ValueHint};
use mcp_pin_model::Grade;

use super::{output_error, trusting::TrustArguments};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult},
    findings::{Output, annotations, human, json},
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
    /// Write the result to a file, too: <FORM> is human, json, sarif, markdown, gitlab or junit; may be repeated. `-` prints it
    /// in place of the result for people
    #[arg(long = "output", short, value_name = "FORM=FILE", value_hint = ValueHint::Other)]
    pub outputs: Vec<Output>,
    /// In GitHub Actions: annotate the changed lines, and write the job's summary and the outputs `outcome` and `findings`
    #[arg(long)]
    pub github: bool,
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
/// Exit code 2 for outputs that stand in each other's way, 3 when standard output cannot be written.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let (printed, files): (Vec<&Output>, Vec<&Output>) =
        arguments.outputs.iter().partition(|output| output.path.is_none());
    let taken = usize::from(context.format == Format::Json);
    if printed.len() + taken > 1 {
        return Err(CommandError::usage("standard output holds one form only")
            .hint("give the others files: --output sarif=findings.sarif"));
    }
    let run = collect::collect(arguments, context).finished();
    match (printed.first(), context.format) {
        (Some(output), _) => output.write(&run, context)?,
        (None, Format::Json) => render::json::print(&context.ui, "ci", &json::document(&run))?,
        (None, Format::Human) => {
            let text = human::render(&run, context.ui.width());
            context.ui.data(text).map_err(|error| output_error(&error))?;
        }
    }
    // A file that cannot be written is no reason to keep back the verdict, and never makes it better.
    let github = arguments.github.then(|| annotations::write(&run, context));
    let failed = files.iter().map(|output| output.write(&run, context)).chain(github).filter_map(Result::err);
    Ok(failed.fold(run.outcome, |outcome, error| {
        context.ui.error(&error);
        outcome.and(error.status)
    }))
}
