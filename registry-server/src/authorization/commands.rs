//! `mcp-pin-registry policy`: policies before they are in force.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueHint};
use mcp_pin_model::json;
use thiserror::Error;

use super::{
    Action, Policies, PolicyError, PolicySource, Preset, SCHEMA,
    trial::{Expected, Question, Trial},
};
use crate::ui;

/// The largest file of questions.
const MAX_TRIAL_BYTES: u64 = 1 << 20;

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check policies as a start and a reload do, and list them
    Check(SourceArguments),
    /// Ask the questions of files and compare the answers with those that are expected
    Test(TestArguments),
    /// Ask one question and say which policies decide
    Explain(ExplainArguments),
    /// Print the schema that policies are checked against
    Schema,
    /// List every action that policies can name
    Actions,
    /// Print a preset, as a place to start from
    Preset(PresetArguments),
}

/// Which policies.
#[derive(Clone, Debug, Args)]
pub struct SourceArguments {
    /// Configuration file whose `[authorization]` says where the policies are
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["policies", "preset"])]
    pub config: Option<PathBuf>,
    /// Directory of `*.cedar` files
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub policies: Option<PathBuf>,
    /// Preset that they add to [default: standard]
    #[arg(long, value_enum, value_name = "PRESET")]
    pub preset: Option<Preset>,
}

/// The arguments of `policy test`.
#[derive(Debug, Args)]
pub struct TestArguments {
    /// Which policies.
    #[command(flatten)]
    pub source: SourceArguments,
    /// Files of questions (TOML, or JSON by the ending `.json`)
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

/// The arguments of `policy explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Which policies.
    #[command(flatten)]
    pub source: SourceArguments,
    /// The question, as one of `policy test` in TOML: `principal = { name = "ann", roles = ["approver"] }`, `action = "approve"` …
    #[arg(value_name = "QUESTION", required_unless_present = "file")]
    pub question: Vec<String>,
    /// A file that holds the question
    #[arg(long, value_name = "FILE", conflicts_with = "question", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

/// The arguments of `policy preset`.
#[derive(Debug, Args)]
pub struct PresetArguments {
    /// Which one
    #[arg(value_enum, value_name = "PRESET")]
    pub preset: Preset,
}

/// Why a command did not do what it should.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PolicyCommandError {
    /// The policies are not acceptable.
    #[error(transparent)]
    Policies(#[from] PolicyError),
    /// The configuration is not.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Questions that are none.
    #[error("`{place}` holds no questions: {problem}")]
    Questions {
        /// Where.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Answers are not as expected.
    #[error("{failed} of {asked} answers are not as expected")]
    Unexpected {
        /// How many.
        failed: usize,
        /// Of how many.
        asked: usize,
    },
}

impl PolicyCommandError {
    /// Whether something was found rather than wrongly used.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        matches!(self, Self::Policies(_) | Self::Unexpected { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Policies(PolicyError::Schema(_)) => {
                Some("`mcp-pin-registry policy schema` prints what policies can talk about")
            }
            Self::Unexpected { .. } => Some("`mcp-pin-registry policy explain` says which policies decide"),
            _ => None,
        }
    }
}

impl SourceArguments {
    fn load(&self) -> Result<Policies, PolicyCommandError> {
        let source = match &self.config {
            Some(path) => crate::config::policy_source(Some(path))?,
            None => PolicySource {
                preset: self.preset.unwrap_or_default(),
                directory: self.policies.clone(),
                closed: false,
            },
        };
        Ok(source.load()?)
    }
}

/// Runs it.
///
/// # Errors
/// See [`PolicyCommandError`].
pub fn run(command: &Command) -> Result<(), PolicyCommandError> {
    match command {
        Command::Check(source) => {
            let policies = source.load()?;
            for (id, doc) in policies.ids() {
                ui::data(&if doc.is_empty() { id } else { format!("{id}\t{}", shown(&doc)) });
            }
            ui::say(&format!("{} policies fit the schema; digest {}", policies.ids().len(), policies.digest()));
            Ok(())
        }
        Command::Test(arguments) => test(arguments),
        Command::Explain(arguments) => explain(arguments),
        Command::Schema => {
            ui::data(SCHEMA.trim_end());
            Ok(())
        }
        Command::Actions => {
            for action in Action::ALL {
                ui::data(action.as_str());
            }
            Ok(())
        }
        Command::Preset(arguments) => {
            ui::data(arguments.preset.text().trim_end());
            Ok(())
        }
    }
}

fn test(arguments: &TestArguments) -> Result<(), PolicyCommandError> {
    let policies = arguments.source.load()?;
    let (mut asked, mut failed) = (0, 0);
    for path in &arguments.files {
        let place = path.display().to_string();
        let bad = |problem: String| PolicyCommandError::Questions { place: place.clone(), problem };
        let text = read(path)?;
        let trial: Trial = if path.extension().is_some_and(|extension| extension == "json") {
            let value = json::parse(text.as_bytes()).map_err(|error| bad(error.to_string()))?;
            json::from_value(&value).map_err(|error| bad(error.to_string()))?
        } else {
            toml::from_str(&text).map_err(|error| bad(error.to_string()))?
        };
        if trial.request.is_empty() {
            return Err(bad("there is none".to_owned()));
        }
        for (index, question) in trial.request.iter().enumerate() {
            let number = index + 1;
            let bad = |problem: String| bad(format!("question {number}: {problem}"));
            let expected = question.expect.ok_or_else(|| bad("`expect` is missing".to_owned()))?;
            let answer = question.read().map_err(bad)?.of(&policies)?;
            let decision = if answer.allowed { Expected::Allow } else { Expected::Deny };
            let deciding = answer.policies.iter().cloned().collect::<Vec<_>>().join(", ");
            asked += 1;
            if decision == expected && question.policies.as_ref().is_none_or(|wanted| *wanted == answer.policies) {
                ui::data(&format!("ok\t{place}\t{number}\t{}", shown(&question.name)));
            } else {
                failed += 1;
                let word = word(answer.allowed);
                ui::data(&format!("FAILED\t{place}\t{number}\t{}\t{word} by [{deciding}]", shown(&question.name)));
            }
        }
    }
    ui::say(&format!("{} of {asked} answers are as expected", asked - failed));
    if failed == 0 { Ok(()) } else { Err(PolicyCommandError::Unexpected { failed, asked }) }
}

fn explain(arguments: &ExplainArguments) -> Result<(), PolicyCommandError> {
    let (place, text) = match &arguments.file {
        Some(path) => (path.display().to_string(), read(path)?),
        None => ("QUESTION".to_owned(), arguments.question.join("\n")),
    };
    let bad = |problem: String| PolicyCommandError::Questions { place: place.clone(), problem };
    let question: Question = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let asked = question.read().map_err(bad)?;
    let policies = arguments.source.load()?;
    let answer = asked.of(&policies)?;
    ui::data(&format!("{}: {} {} {}", word(answer.allowed), asked.subject.name(), asked.action, asked.resource.name()));
    if answer.policies.is_empty() {
        ui::data("no policy permits it");
    }
    for id in &answer.policies {
        ui::data(&format!("\n{id}"));
        match policies.source(id) {
            Some(source) => ui::data(&source),
            None => ui::data("the token's own limits"),
        }
    }
    Ok(())
}

fn word(allowed: bool) -> &'static str {
    if allowed { "allow" } else { "deny" }
}

fn read(path: &Path) -> Result<String, PolicyCommandError> {
    let failed = |source| PolicyCommandError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    std::fs::File::open(path).map_err(failed)?.take(MAX_TRIAL_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Text of a file on a terminal: one line, and nothing hidden.
fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() || mcp_pin_model::json::is_hidden(c) {
                c.escape_unicode().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}
