//! Which version a server has, by what its package says.

mod files;
mod spelling;

use clap::ValueEnum;
use mcp_pin_model::{Surface, hostile::quoted};
use semver::Version;
use serde::Serialize;

pub use spelling::parse;

use super::tree::Tree;
use crate::error::CommandError;

/// What says a version. The order is the one in which they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `--version`, or `--base-version`.
    #[value(skip)]
    Option,
    /// The manifest that was signed.
    #[value(skip)]
    Manifest,
    /// `version` of server.json
    ServerJson,
    /// `version` of package.json
    PackageJson,
    /// `project.version` of pyproject.toml, or `tool.poetry.version`
    Pyproject,
    /// `package.version` of Cargo.toml, its workspace's where it says so
    CargoToml,
    /// `serverInfo.version`, as the server says it
    ServerInfo,
}

impl Source {
    /// Those that are looked for, in their order.
    pub const LOOKED_FOR: [Self; 5] =
        [Self::ServerJson, Self::PackageJson, Self::Pyproject, Self::CargoToml, Self::ServerInfo];

    /// What it is called in messages.
    #[must_use]
    pub fn called(self) -> &'static str {
        match self {
            Self::Option => "the command line",
            Self::Manifest => "the signed manifest",
            Self::ServerJson => "server.json",
            Self::PackageJson => "package.json",
            Self::Pyproject => "pyproject.toml",
            Self::CargoToml => "Cargo.toml",
            Self::ServerInfo => "serverInfo.version",
        }
    }
}

/// A version, and what says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The version.
    pub version: Version,
    /// Who says so.
    pub source: Source,
}

/// A version as it is written.
struct Written {
    source: Source,
    text: String,
}

/// The version that is said: by `only`, or by everybody alike.
///
/// # Errors
/// Exit code 2: nobody says one, two say different ones, or what is said is no version.
pub fn find(
    tree: &Tree,
    surface: &Surface,
    only: Option<Source>,
    option: &'static str,
) -> Result<Declared, CommandError> {
    let mut written = Vec::new();
    for source in Source::LOOKED_FOR {
        if only.is_some_and(|only| only != source) {
            continue;
        }
        let text = match source {
            Source::ServerInfo => of_server_info(surface),
            _ => files::read(tree, source)?,
        };
        written.extend(text.map(|text| Written { source, text }));
    }
    let Some(first) = written.first() else {
        let looked = match only {
            Some(only) => only.called().to_owned(),
            None => Source::LOOKED_FOR.map(Source::called).join(", "),
        };
        return Err(CommandError::usage(format!("no version is said by {}", tree.called(&looked)))
            .hint(format!("say it with {option}")));
    };
    let version = parsed(tree, first, option)?;
    for other in written.iter().skip(1) {
        if parsed(tree, other, option)? != version {
            return Err(mismatch(tree, &written, option));
        }
    }
    Ok(Declared { version, source: first.source })
}

/// What the server says about itself.
fn of_server_info(surface: &Surface) -> Option<String> {
    surface.server_info()?.get("version")?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn parsed(tree: &Tree, written: &Written, option: &str) -> Result<Version, CommandError> {
    parse(&written.text).map_err(|why| {
        let place = tree.called(written.source.called());
        CommandError::usage(format!("{place} says {}, which is no version here: {why}", quoted(&written.text)))
            .hint(format!("correct it, or say which counts with {option} or --version-from"))
    })
}

fn mismatch(tree: &Tree, written: &[Written], option: &str) -> CommandError {
    let error = CommandError::usage("the version is not the same everywhere, so nobody can say which step was made");
    written
        .iter()
        .fold(error, |error, one| {
            error.detail(format!("{} says {}", tree.called(one.source.called()), quoted(&one.text)))
        })
        .hint(format!("make them agree, or say which counts with {option} or --version-from"))
}

/// The version that a surface says, where there are no files beside it.
///
/// # Errors
/// Exit code 2: it says none, or what it says is no version.
pub fn of_surface(surface: &Surface, called: &str, option: &str) -> Result<Declared, CommandError> {
    let hint = format!("say it with {option}, or compare with a git revision (--base)");
    let Some(text) = of_server_info(surface) else {
        return Err(CommandError::usage(format!("{called} says no version (serverInfo.version)")).hint(hint));
    };
    match parse(&text) {
        Ok(version) => Ok(Declared { version, source: Source::ServerInfo }),
        Err(why) => Err(CommandError::usage(format!(
            "{called} says {} (serverInfo.version), which is no version here: {why}",
            quoted(&text)
        ))
        .hint(hint)),
    }
}
