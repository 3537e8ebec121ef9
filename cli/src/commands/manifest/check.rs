//! `mcp-pin manifest check`.

mod output;

use std::path::PathBuf;

use clap::ValueHint;
use mcp_pin_diff::{Bump, Change, ChangeReport, Side, compare};
use mcp_pin_model::{Grade, ServerVersion, Surface};
use semver::Version;

use crate::{
    authoring::{
        SURFACE_FILE,
        baseline::{self, Baseline},
        server::ServerArguments,
        step::Step,
        tree::Tree,
        version::{self, Declared, Source},
    },
    context::Context,
    error::{CommandError, CommandResult, Status},
    surface_file,
};

/// Fail when what the server declares changed without the version step that the changes ask for
///
/// For who builds a server, in CI. Starts it as `mcp-pin manifest capture` does, or reads --surface, and compares with the
/// committed file, with the same file in the git revision --base, or with --manifest, the signed manifest of a release.
/// Something that is gone or accepts less asks for a major step, something new for a minor one, anything else for a patch;
/// below 1.0.0 the second number is the breaking one. Calendar versions and pre-releases only have to move on.
///
/// The version is that of server.json, package.json, pyproject.toml, Cargo.toml and serverInfo, which have to agree;
/// --version-from says which of them counts, --version what it is. The version before is found in the same way in the git
/// revision; without one it is what the committed surface says in serverInfo, or --base-version.
///
/// With --base, the committed file has to be what the server declares now, since it is what the next change is compared with.
///
/// Exit codes: 0 the step is large enough, 1 it is not, or the committed file is out of date, 2 usage or configuration, such
/// as versions that disagree, 3 the server could not be captured or a file not be read.
#[derive(Clone, Debug, clap::Args)]
// `--version` is about the server here.
#[command(disable_version_flag = true)]
pub struct Arguments {
    /// Which server.
    #[command(flatten)]
    pub server: ServerArguments,
    /// Read what it declares now from this file, and start nothing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["alias", "command"])]
    pub surface: Option<PathBuf>,
    /// The committed surface
    #[arg(long, value_name = "FILE", default_value = SURFACE_FILE, value_hint = ValueHint::FilePath)]
    pub committed: PathBuf,
    /// Compare with the committed surface of this git revision: the last release, or the base of a pull request
    #[arg(long, value_name = "REVISION", conflicts_with = "manifest")]
    pub base: Option<String>,
    /// Compare with this signed manifest
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub manifest: Option<PathBuf>,
    /// A public key that may have signed the manifest, as PEM; may be given several times [default: the publishers of
    /// mcp-pin.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "manifest")]
    pub signer_key: Vec<PathBuf>,
    /// The version that it has now, whatever the files say
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// What says the version; the others do not count
    #[arg(long, value_name = "SOURCE", value_enum, conflicts_with = "version")]
    pub version_from: Option<Source>,
    /// The version that it had
    #[arg(long, value_name = "VERSION", conflicts_with = "manifest")]
    pub base_version: Option<String>,
}

/// How the committed file stands to what the server declares now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum Committed {
    /// It is what was compared with, or what was read.
    Compared,
    /// The same.
    Current,
    /// Something else.
    OutOfDate,
    /// There is none.
    Absent,
}

/// What was compared.
struct Compared {
    baseline: Baseline,
    before: Declared,
    after: Declared,
    report: ChangeReport,
    step: Step,
}

impl Compared {
    /// The changes that ask for more than was made: those that fail the check.
    fn asking(&self) -> Vec<&Change> {
        let made = if self.step.is_enough { Bump::Major } else { self.step.declared };
        // A step that is large enough in numbers and goes nowhere makes none of them.
        self.report.changes().iter().filter(|change| bump_of(change) > made).collect()
    }
}

/// Everything that came out.
struct Checked {
    /// None where a git revision has no surface yet.
    compared: Option<Compared>,
    /// What has no surface yet.
    first: Option<String>,
    /// What the server declares now.
    now: Surface,
    /// Where that was read, in words.
    source: String,
    committed: Committed,
}

impl Checked {
    fn status(&self) -> Status {
        let enough = self
            .compared
            .as_ref()
            .is_none_or(|compared| compared.step.is_enough && compared.report.grade() < Grade::Refuse);
        let recorded = self.committed != Committed::OutOfDate;
        if enough && recorded { Status::Passed } else { Status::Failed }
    }
}

/// The step that a change asks for. That the server says another version is the step itself.
fn bump_of(change: &Change) -> Bump {
    if change.path.as_str() == "/serverInfo/version" { Bump::None } else { change.required_bump() }
}

/// Runs it.
///
/// # Errors
/// When a side or a version cannot be read.
pub fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    // What is compared with is read first: a mistake there is told before a server is started.
    let baseline = match (&arguments.base, &arguments.manifest) {
        (_, Some(manifest)) => Some(Baseline::signed(context, manifest, &arguments.signer_key)?),
        (Some(revision), None) => Baseline::in_revision(context, &arguments.committed, revision)?,
        (None, None) => Some(Baseline::in_file(context, &arguments.committed)?),
    };
    let (now, source) = match &arguments.surface {
        Some(file) => (
            surface_file::surface(context, file).map_err(|refused| refused.error)?,
            surface_file::called(file).display().to_string(),
        ),
        None => (arguments.server.capture(context)?.surface, "the server".to_owned()),
    };
    let committed = committed(arguments, context, &now)?;
    let first = match (&baseline, &arguments.base) {
        (None, Some(revision)) => Some(format!("{} at {revision}", arguments.committed.display())),
        _ => None,
    };
    let compared = match baseline {
        Some(baseline) => Some(compared(arguments, context, baseline, &now)?),
        None => None,
    };
    let checked = Checked { compared, first, now, source, committed };
    output::print(context, &checked, &arguments.committed)?;
    Ok(checked.status())
}

/// Whether the committed file is what the server declares now, where it is not what that is compared with.
fn committed(arguments: &Arguments, context: &Context, now: &Surface) -> Result<Committed, CommandError> {
    let is_read = arguments.surface.as_ref() == Some(&arguments.committed);
    let is_baseline = arguments.base.is_none() && arguments.manifest.is_none();
    if is_read || is_baseline {
        return Ok(Committed::Compared);
    }
    if !context.directory.join(&arguments.committed).exists() {
        // Of a revision that is compared with, the file is the next one's: without it, nothing would ever be compared.
        return if arguments.base.is_some() {
            Err(baseline::no_file(&arguments.committed))
        } else {
            Ok(Committed::Absent)
        };
    }
    let file = surface_file::surface(context, &arguments.committed).map_err(|refused| refused.error)?;
    Ok(if file.digest() == now.digest() { Committed::Current } else { Committed::OutOfDate })
}

fn compared(
    arguments: &Arguments,
    context: &Context,
    baseline: Baseline,
    now: &Surface,
) -> Result<Compared, CommandError> {
    let here = Tree::Directory(context.directory.clone());
    let only = arguments.version_from;
    let after = match &arguments.version {
        Some(text) => given(text, "--version")?,
        None => version::find(&here, now, only, "--version")?,
    };
    let before = match (&arguments.base_version, &baseline.signed_version, &baseline.tree) {
        (Some(text), _, _) => given(text, "--base-version")?,
        (None, Some((version, source)), _) => Declared { version: version.clone(), source: *source },
        (None, None, Some(tree)) => version::find(tree, &baseline.surface, only, "--base-version")?,
        (None, None, None) => before_in_file(&baseline, now, &after)?,
    };
    let (from, to) = (server_version(&before.version)?, server_version(&after.version)?);
    let report = compare(
        Some(&Side { version: Some(&from), ..Side::of_surface(&baseline.surface) }),
        &Side { version: Some(&to), ..Side::of_surface(now) },
        &[],
    );
    // A report that is too large lists no changes, and asks for the step that is enough for any.
    let required = match report.grade() {
        Grade::Refuse if report.changes().is_empty() => Bump::Major,
        _ => report.changes().iter().map(bump_of).max().unwrap_or_default(),
    };
    let step = Step::of(&before.version, &after.version, required);
    Ok(Compared { baseline, before, after, report, step })
}

/// The version before, where there is nothing but a file: what the server said then. That counts only if what it says now
/// is its version: a server that never maintains it would seem to have made whatever step its package made since.
fn before_in_file(baseline: &Baseline, now: &Surface, after: &Declared) -> Result<Declared, CommandError> {
    let before = version::of_surface(&baseline.surface, &baseline.called, "--base-version")?;
    match version::of_surface(now, "the server", "--version") {
        Ok(said) if said.version == after.version => Ok(before),
        _ => Err(CommandError::usage(format!(
            "{} says a version only as serverInfo.version, and now that is not the version ({})",
            baseline.called, after.version
        ))
        .hint("say what it was with --base-version, or compare with a git revision (--base)")),
    }
}

fn given(text: &str, option: &str) -> Result<Declared, CommandError> {
    let version = version::parse(text)
        .map_err(|why| CommandError::usage(format!("{option} `{text}` is no version here: {why}")))?;
    Ok(Declared { version, source: Source::Option })
}

fn server_version(version: &Version) -> Result<ServerVersion, CommandError> {
    version
        .to_string()
        .parse()
        .map_err(|error| CommandError::usage(format!("`{version}` cannot be the version of a server: {error}")))
}
