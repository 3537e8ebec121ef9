//! Questions, asked only where somebody can answer.

use std::{
    collections::VecDeque,
    io,
    sync::{Mutex, PoisonError},
};

use thiserror::Error;
use zeroize::Zeroizing;

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

    /// Asks for what must not be seen while it is typed.
    ///
    /// # Errors
    /// When there is no answer.
    fn ask_hidden(&self, question: &str) -> Result<Zeroizing<String>, PromptError>;
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

    fn ask_hidden(&self, question: &str) -> Result<Zeroizing<String>, PromptError> {
        let terminal = dialoguer::console::Term::stderr();
        let read = terminal.write_str(&format!("{question}: ")).and_then(|()| terminal.read_secure_line());
        read.map(Zeroizing::new).map_err(PromptError::Interrupted)
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

    fn ask_hidden(&self, question: &str) -> Result<Zeroizing<String>, PromptError> {
        self.ask(question).map(Zeroizing::new)
    }
}

/// The terminal's width in columns, where stderr is one.
pub(super) fn terminal_width() -> Option<usize> {
    dialoguer::console::Term::stderr().size_checked().map(|(_, columns)| usize::from(columns))
}
