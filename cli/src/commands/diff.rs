//! `mcp-pin diff`.

mod documents;
mod live;
pub(super) mod locks;
mod output;

use std::path::{Path, PathBuf};

use clap::ValueHint;
use mcp_pin_model::Alias;

use self::output::Showing;
use super::trusting::TrustArguments;
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult},
    render::{Detail, Selection, report_human::selection::LeastGrade},
};

/// Show what changed, the gravest first
///
/// With one name: the lock against the live server, which is started or called for this. With two files: captured
/// surfaces, `tools/list` results, lists of tools, or two locks. With --base: the lock of a git revision against the one
/// here.
///
/// --expand, --only and --entry choose what is shown. The verdict in the first lines, the digest in the last, and the
/// exit code are always those of the whole comparison.
///
/// Exit codes: 0 nothing changed, 1 something changed, 2 usage, 3 something could not be read or checked (malformed or
/// incomplete documents, doubled names, a server that does not answer).
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The alias of a locked server; or the older of two files
    #[arg(value_name = "ALIAS|OLD", value_hint = ValueHint::AnyPath, required_unless_present = "base")]
    pub first: Option<String>,
    /// The newer of two files
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
    pub second: Option<PathBuf>,
    /// Compare the lock of this git revision with the one here
    #[arg(long, value_name = "REVISION", conflicts_with = "second")]
    pub base: Option<String>,
    /// Show everything of every fact: long texts, unchanged ones, schemas and all names
    #[arg(long, alias = "full")]
    pub expand: bool,
    /// Show only what is graded so, and above; how much is not shown is said
    #[arg(long, value_name = "GRADE", value_enum)]
    pub only: Option<LeastGrade>,
    /// Show only what is about the tool, prompt, resource, template or skill of this name or URI
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// Whose trust counts.
    #[command(flatten)]
    pub trust: TrustArguments,
}

impl Arguments {
    fn showing(&self, context: &Context) -> Result<Showing, CommandError> {
        if self.expand && context.format == Format::Json {
            return Err(CommandError::usage(
                "--expand is about human output: the JSON document always holds everything",
            )
            .hint("leave --expand out"));
        }
        let selection = Selection { only: self.only.map(LeastGrade::grade), entry: self.entry.clone() };
        Ok(Showing { detail: if self.expand { Detail::Full } else { Detail::Summary }, selection })
    }
}

/// Runs it.
///
/// # Errors
/// When a side cannot be read or checked.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let showing = &arguments.showing(context)?;
    match (&arguments.first, &arguments.second, &arguments.base) {
        (first, None, Some(revision)) => {
            let alias = first.as_deref().map(parse_alias).transpose()?;
            locks::against_revision(context, revision, alias.as_ref(), showing)
        }
        (Some(old), Some(new), None) => {
            let (old, new) = (documents::read(context, Path::new(old))?, documents::read(context, new)?);
            match (old.is_lock(), new.is_lock()) {
                (true, true) => locks::two_files(context, &old, &new, showing),
                (false, false) => documents::compare(context, &old, &new, showing),
                (true, false) | (false, true) => {
                    Err(CommandError::usage("one of the files is a lock, the other is not")
                        .hint("compare two locks, or two captured surfaces"))
                }
            }
        }
        (Some(name), None, None) if is_file(context, name) => Err(CommandError::usage(format!("{name} is one file"))
            .hint("to compare files, name two of them: mcp-pin diff <old.json> <new.json>")),
        (Some(name), None, None) => live::run(context, &parse_alias(name)?, arguments.trust.from(), showing),
        _ => Err(CommandError::usage("say what to compare")
            .hint("mcp-pin diff <alias>, or mcp-pin diff <old.json> <new.json>")),
    }
}

/// Whether somebody forgot the second file. Aliases are not spelled like this.
fn is_file(context: &Context, name: &str) -> bool {
    let path = Path::new(name);
    path.extension().is_some_and(|extension| extension == "json" || extension == "lock")
        && context.directory.join(path).is_file()
}

fn parse_alias(text: &str) -> Result<Alias, CommandError> {
    text.parse().map_err(|error| CommandError::usage(format!("`{text}`: {error}")))
}
