//! `mcp-pin inspect`.

mod output;

use std::path::{Path, PathBuf};

use clap::ValueHint;
use mcp_pin_diff::{ChangeReport, Side, compare};
use mcp_pin_model::{EntryKind, Grade, Surface};

use super::ci::FailOn;
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    render::{
        Detail, Selection,
        report_human::{inspected::FIRST_ADMISSION, selection::LeastGrade},
    },
    surface_file::{self, Refused},
    ui::sanitize,
};

/// Read what servers declare as a stranger would, and tell what the rules find in it
///
/// Each file is a captured surface, a `tools/list` result with or without its JSON-RPC envelope, or a list of tools; `-` is
/// standard input. Nothing is compared, so nothing is called new. Takes no project, no key and no network, and no policy:
/// exemptions are for what a project has locked.
///
/// --only and --entry choose what is shown; the grades and the exit code are always those of everything.
///
/// Exit codes: 0 nothing is graded --fail-on or graver, 1 something is, 2 usage, 3 a file could not be read as a surface
/// (no JSON that all readers read alike, doubled names, one page of a longer list).
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// What to read
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Fail on findings of this grade or a graver one
    #[arg(long, value_name = "GRADE", value_enum, default_value_t = FailOn::Block)]
    pub fail_on: FailOn,
    /// Show only what is graded so, and above; how much is not shown is said
    #[arg(long, value_name = "GRADE", value_enum)]
    pub only: Option<LeastGrade>,
    /// Show only what is about the tool, prompt, resource, template or skill of this name or URI
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// Show the whole of every entry in which something was found
    #[arg(long)]
    pub expand: bool,
}

/// One file and what came of it.
struct Inspection {
    path: PathBuf,
    result: Result<Judged, Box<Refused>>,
}

/// A surface that was read.
struct Judged {
    surface: Surface,
    report: ChangeReport,
    grade: Grade,
}

impl Judged {
    fn of(surface: Surface) -> Self {
        let report = compare(None, &Side::of_surface(&surface), &[]);
        let grade = findings(&report).map(|finding| finding.grade).max().unwrap_or(Grade::None);
        Self { surface, report, grade }
    }
}

/// What was found; that everything is new is no finding here.
fn findings(report: &ChangeReport) -> impl Iterator<Item = &mcp_pin_diff::Finding> {
    report.findings().iter().filter(|finding| finding.rule != FIRST_ADMISSION)
}

impl Inspection {
    fn grade(&self) -> Option<Grade> {
        match &self.result {
            Ok(judged) => Some(judged.grade),
            Err(refused) => refused.grade,
        }
    }

    fn status(&self, fail_on: Grade) -> Status {
        match &self.result {
            Ok(judged) if judged.grade >= fail_on => Status::Failed,
            Ok(_) => Status::Passed,
            Err(refused) => refused.error.status,
        }
    }

    fn input(&self) -> String {
        self.path.display().to_string()
    }
}

/// Runs it.
///
/// # Errors
/// When the options mean nothing or the output cannot be written. Files that cannot be read are part of the output.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    if arguments.expand && context.format == Format::Json {
        return Err(CommandError::usage("--expand is about human output: the JSON document always holds everything")
            .hint("leave --expand out"));
    }
    if arguments.files.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(CommandError::usage("`-` is given twice, and standard input is read once"));
    }
    let fail_on = arguments.fail_on.into();
    let selection = Selection { only: arguments.only.map(LeastGrade::grade), entry: arguments.entry.clone() };
    let inspections: Vec<Inspection> = arguments
        .files
        .iter()
        .map(|path| Inspection {
            path: surface_file::called(path),
            result: surface_file::surface(context, path).map(Judged::of),
        })
        .collect();
    check_entry(&selection, &inspections)?;
    match context.format {
        Format::Json => output::json(context, &inspections, fail_on, &selection)?,
        Format::Human => {
            let detail = if arguments.expand { Detail::Full } else { Detail::Summary };
            output::human(context, &inspections, detail, &selection)?;
        }
    }
    for inspection in &inspections {
        if let Err(refused) = &inspection.result {
            context.ui.error(&refused.error);
        }
    }
    Ok(inspections.iter().map(|inspection| inspection.status(fail_on)).fold(Status::Passed, Status::and))
}

/// An entry that no file declares is a mistake, and not an entry without findings.
fn check_entry(selection: &Selection, inspections: &[Inspection]) -> Result<(), CommandError> {
    let Some(entry) = &selection.entry else { return Ok(()) };
    // What a file that could not be read declares is not known.
    let known = inspections.iter().any(|inspection| match &inspection.result {
        Ok(judged) => judged.surface.entries().any(|known| known.key() == entry),
        Err(_) => true,
    });
    if known {
        return Ok(());
    }
    Err(CommandError::usage(format!("--entry: nothing of the name {} is declared", sanitize::name(entry)))
        .hint("name a tool, prompt, template or skill, or give the URI of a resource, as the server spells it"))
}

/// "3 tools, 1 prompt"; lists that are offered and empty are left out.
fn declares(surface: &Surface) -> String {
    let counts: Vec<String> = EntryKind::ALL
        .into_iter()
        .filter_map(|kind| {
            let count = surface.section(kind)?.len();
            (count > 0).then_some(())?;
            Some(format!("{count} {}{}", kind.noun(), if count == 1 { "" } else { "s" }))
        })
        .collect();
    if counts.is_empty() { "no entries".to_owned() } else { counts.join(", ") }
}
