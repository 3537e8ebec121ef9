//! Questions, asked only where somebody can answer.

use std::{
    collections::VecDeque,
    io,
    sync::{Mutex, PoisonError},
};

use thiserror::Error;

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PromptError {
    /// No terminal, or a pipeline: nothing is ever accepted by default.
    #[error("a decision is needed and nobody can be asked: this is not a terminal")]
    NotATerminal,
    /// The terminal went away or the question was interrupted.
    #[error("the question was not answered: {0}")]
    Interrupted(#[source] io::Error),
}

/// Gets one line from a person.
pub trait Prompter: Send + Sync {
    /// Asks; `question` is one line and safe to show.
    ///
    /// # Errors
    /// When there is no answer.
    fn ask(&self, question: &str) -> Result<String, PromptError>;
}

/// Asks on the terminal.
pub(super) struct TerminalPrompter;

impl Prompter for TerminalPrompter {
    fn ask(&self, question: &str) -> Result<String, PromptError> {
        dialoguer::Input::<String>::new()
            .with_prompt(question)
            .allow_empty(true)
            .interact_text()
            .map_err(|dialoguer::Error::IO(error)| PromptError::Interrupted(error))
    }
}

/// Gives prepared answers, in order; for tests.
pub struct ScriptedPrompter {
    answers: Mutex<VecDeque<String>>,
}

impl ScriptedPrompter {
    /// A prompter that knows these answers.
    pub fn new<T: Into<String>>(answers: impl IntoIterator<Item = T>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().map(Into::into).collect()) }
    }
}

impl Prompter for ScriptedPrompter {
    fn ask(&self, _question: &str) -> Result<String, PromptError> {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
            .ok_or_else(|| PromptError::Interrupted(io::Error::other("no more answers")))
    }
}

/// The terminal's width in columns, where stderr is one.
pub(super) fn terminal_width() -> Option<usize> {
    dialoguer::console::Term::stderr().size_checked().map(|(_, columns)| usize::from(columns))
}
