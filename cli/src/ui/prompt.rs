//! Questions, asked only where somebody can answer.

use std::{
    collections::VecDeque,
    io::{self, BufRead as _, Read as _, Write as _},
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
    /// Asks; `question` is safe to show, in lines that fit.
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

/// The longest answer that is read; nothing that is asked takes more.
const MAX_ANSWER_BYTES: u64 = 4096;

/// Asks on the terminal: a line is written, a line is read. The cursor is never moved and the terminal never switched to
/// another mode, so that a screen reader reads what is there, and an interrupted question leaves nothing to restore.
pub(super) struct TerminalPrompter;

impl Prompter for TerminalPrompter {
    fn ask(&self, question: &str) -> Result<String, PromptError> {
        // An answer to something that was not shown yet is none.
        discard_typed_ahead();
        let mut terminal = io::stderr().lock();
        let end = if question.ends_with(['?', ':', '>']) { " " } else { ": " };
        write!(terminal, "{question}{end}").and_then(|()| terminal.flush()).map_err(PromptError::Interrupted)?;
        let mut answer = String::new();
        let read = io::stdin().lock().take(MAX_ANSWER_BYTES).read_line(&mut answer);
        if read.map_err(PromptError::Interrupted)? == 0 {
            let _ = writeln!(terminal);
            return Err(PromptError::Interrupted(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(answer.trim_end_matches(['\n', '\r']).to_owned())
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

#[cfg(unix)]
fn discard_typed_ahead() {
    use rustix::termios::{QueueSelector, tcflush};

    // Where it cannot be discarded it is answered with, as ever.
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
}

#[cfg(not(unix))]
fn discard_typed_ahead() {}

/// The terminal's lines and columns, where stderr is one.
pub(super) fn terminal_size() -> Option<(usize, usize)> {
    let size = dialoguer::console::Term::stderr().size_checked();
    size.map(|(lines, columns)| (usize::from(lines), usize::from(columns))).filter(|(_, columns)| *columns > 0)
}
