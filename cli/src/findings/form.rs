//! The forms that a run is written in, and where to.

use std::{path::PathBuf, str::FromStr};

use clap::ValueEnum;

use super::{Run, gitlab, human, json, junit, markdown, sarif};
use crate::{context::Context, error::CommandError, render, state::write_atomic};

/// Columns of the human form in a file, where no terminal says how wide it is.
const FILE_COLUMNS: usize = 100;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// What is printed for people.
    Human,
    /// One versioned JSON document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Markdown for one comment on a pull request.
    Markdown,
    /// GitLab's Code Quality report.
    Gitlab,
    /// `JUnit` XML, for reports of tests.
    Junit,
}

impl Form {
    /// A run in this form.
    ///
    /// # Errors
    /// When it does not serialise, which is a fault of ours.
    pub fn render(self, run: &Run) -> Result<String, CommandError> {
        match self {
            Self::Human => Ok(human::render(run, FILE_COLUMNS).to_string()),
            Self::Json => render::json::document("ci", &json::document(run)),
            Self::Sarif => sarif::render(run),
            Self::Markdown => Ok(markdown::render(run, markdown::COMMENT_BYTES)),
            Self::Gitlab => gitlab::render(run),
            Self::Junit => Ok(junit::render(run)),
        }
    }
}

/// A form and the file that it is written to, as `form=path` on the command line; `-` is standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The form.
    pub form: Form,
    /// The file; none for standard output.
    pub path: Option<PathBuf>,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let forms = || {
            let names: Vec<String> = Form::value_variants()
                .iter()
                .filter_map(|form| Some(form.to_possible_value()?.get_name().to_owned()))
                .collect();
            names.join(", ")
        };
        let Some((form, path)) = text.split_once('=') else {
            return Err(format!("it is written as <form>=<file>, and a form is one of {}", forms()));
        };
        let form = Form::from_str(form, false).map_err(|_| format!("a form is one of {}", forms()))?;
        match path {
            "" => Err("the file is missing".to_owned()),
            "-" => Ok(Self { form, path: None }),
            path => Ok(Self { form, path: Some(path.into()) }),
        }
    }
}

impl Output {
    /// Writes a run to the file, atomically.
    ///
    /// # Errors
    /// Exit code 3 where the file cannot be written; what was there before still is.
    pub fn write(&self, run: &Run, context: &Context) -> Result<(), CommandError> {
        let mut text = self.form.render(run)?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        match &self.path {
            None => context.ui.data(text).map_err(|error| crate::commands::output_error(&error)),
            Some(path) => write_atomic(&context.directory.join(path), text.as_bytes())
                .map(|_| ())
                .map_err(|error| error.hint("the result was checked all the same, and is told above")),
        }
    }
}
