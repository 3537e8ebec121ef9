//! Everything this program shows or asks goes through here: data to stdout, talk to stderr.
//!
//! Nothing else in the program may print (a lint forbids it). What is printed is a [`Text`]: spans of plain text with a
//! [`Role`]; colours are added at the very end, and every span is made safe for a terminal on the way out, so that no
//! string that a server chose can ever carry an escape sequence to the terminal. Hostile text is additionally made
//! unambiguous where it is embedded, with [`sanitize`].

pub mod layout;
mod progress;
mod prompt;
pub mod sanitize;
mod text;

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{Arc, Mutex, PoisonError},
};

pub use progress::Progress;
pub use prompt::{PromptError, Prompter, ScriptedPrompter};
pub use text::{Role, Text};
use zeroize::Zeroizing;

use crate::{cli::Color, error::CommandError, render::wrap::wrapped};

/// One output stream.
struct Stream {
    writer: Mutex<Box<dyn Write + Send>>,
    colored: bool,
}

impl Stream {
    fn write(&self, text: &Text, newline: bool) -> io::Result<()> {
        let mut rendered = sanitize::log_safe(&text.render(self.colored)).into_owned();
        if newline && !rendered.ends_with('\n') {
            rendered.push('\n');
        }
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(rendered.as_bytes())?;
        writer.flush()
    }
}

/// The program's mouth and ears.
pub struct Ui {
    out: Stream,
    err: Stream,
    prompter: Option<Box<dyn Prompter>>,
    show_progress: bool,
    quiet: bool,
    width: usize,
    /// The lines and columns of the terminal that stderr is, if it is one.
    terminal: Option<(usize, usize)>,
}

/// What somebody presses before the enter key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Nothing but the enter key.
    Enter,
    /// A letter or another sign.
    Letter(char),
}

impl Key {
    fn is_answered_by(self, answer: &str) -> bool {
        let mut letters = answer.chars();
        match (self, letters.next(), letters.next()) {
            (Self::Enter, None, None) => true,
            (Self::Letter(letter), Some(typed), None) => letter.eq_ignore_ascii_case(&typed),
            _ => false,
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Enter => f.write_str("enter"),
            Self::Letter(letter) => write!(f, "{letter}"),
        }
    }
}

/// How wide lines may be where the terminal does not say, and the least that is ever used.
const DEFAULT_WIDTH: usize = 80;
const LEAST_WIDTH: usize = 40;
/// Longer lines are hard to read, whatever the terminal allows.
const GREATEST_WIDTH: usize = 120;

impl Ui {
    /// The real streams. Prompts only where stdin and stderr are terminals and `CI` is not set; colour as chosen;
    /// progress only on a terminal.
    #[must_use]
    pub fn new(color: Color, quiet: bool) -> Self {
        let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0");
        let terminal = io::stderr().is_terminal();
        let interactive = terminal && io::stdin().is_terminal() && !ci;
        let colored = |stream: anstream::ColorChoice| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => stream != anstream::ColorChoice::Never,
        };
        let size = prompt::terminal_size();
        let width = size.map_or(DEFAULT_WIDTH, |(_, columns)| columns).clamp(LEAST_WIDTH, GREATEST_WIDTH);
        // A terminal that cannot move its cursor shows every turn of a spinner on a line of its own.
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            out: Stream {
                colored: colored(anstream::AutoStream::choice(&io::stdout())),
                writer: Mutex::new(Box::new(io::stdout())),
            },
            err: Stream {
                colored: colored(anstream::AutoStream::choice(&io::stderr())),
                writer: Mutex::new(Box::new(io::stderr())),
            },
            prompter: interactive.then(|| Box::new(prompt::TerminalPrompter) as Box<dyn Prompter>),
            show_progress: terminal && !ci && !quiet && !dumb,
            quiet,
            width,
            terminal: size.filter(|_| terminal),
        }
    }

    /// A user interface for tests: no colour, 80 columns, output kept in memory, answers from `prompter`.
    #[must_use]
    pub fn captured(prompter: Option<Box<dyn Prompter>>) -> (Self, Captured) {
        let captured = Captured::default();
        let ui = Self {
            out: Stream { writer: Mutex::new(Box::new(captured.out.clone())), colored: false },
            err: Stream { writer: Mutex::new(Box::new(captured.err.clone())), colored: false },
            prompter,
            show_progress: false,
            quiet: false,
            width: DEFAULT_WIDTH,
            terminal: None,
        };
        (ui, captured)
    }

    /// The same on a terminal of this size.
    #[must_use]
    pub fn sized(mut self, lines: usize, columns: usize) -> Self {
        self.terminal = Some((lines, columns));
        self.width = columns.clamp(LEAST_WIDTH, GREATEST_WIDTH);
        self
    }

    /// The lines and columns of the terminal that questions are asked on; none where there is none, or it does not say.
    #[must_use]
    pub fn terminal(&self) -> Option<(usize, usize)> {
        self.terminal
    }

    /// Columns that human output may use.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Data, to stdout. A line end is added where the text has none.
    ///
    /// # Errors
    /// When stdout cannot be written. A reader that closed the pipe has read what it wanted, and is no failure.
    pub fn data(&self, text: impl Into<Text>) -> io::Result<()> {
        unless_closed(self.out.write(&text.into(), true))
    }

    /// A script of our own making, such as completions, to stdout exactly as it is. Never for anything foreign.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn script(&self, script: &str) -> io::Result<()> {
        let mut writer = self.out.writer.lock().unwrap_or_else(PoisonError::into_inner);
        unless_closed(writer.write_all(script.as_bytes()).and_then(|()| writer.flush()))
    }

    /// Commands to the runner of a CI job, to stderr, which it reads like stdout: stdout stays what was asked for. Never
    /// anything foreign that was not escaped for a command.
    pub fn commands(&self, commands: &str) {
        let mut writer = self.err.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // When stderr is gone there is nobody left to tell.
        let _ = writer.write_all(commands.as_bytes()).and_then(|()| writer.flush());
    }

    /// What the program does, to stderr; left out with `--quiet`.
    pub fn talk(&self, text: impl Into<Text>) {
        if !self.quiet {
            self.say(&text.into());
        }
    }

    /// Something a person should see even with `--quiet`.
    pub fn warn(&self, text: impl Into<Text>) {
        self.say(&self.folded(Text::new().with(Role::Warning, "warning: ").then(text)));
    }

    /// A failure: what failed where, details, and what to do about it. The parts may quote hostile text.
    pub fn error(&self, error: &CommandError) {
        let mut text = Text::new().with(Role::Bad, "error: ").then(sanitize::one_line(&error.to_string()));
        for detail in &error.details {
            text.newline();
            text.plain(format!("  {}", sanitize::one_line(detail)));
        }
        self.say(&self.folded(text));
        if let Some(hint) = &error.hint {
            self.hint(sanitize::one_line(hint));
        }
    }

    /// What to do about something.
    pub fn hint(&self, text: impl Into<Text>) {
        self.say(&Text::new().with(Role::Strong, "hint: ").then(text));
    }

    /// Breaks lines that the terminal would break, so that no part of a message that quotes foreign text can be placed
    /// at the start of a line. Where stderr is no terminal, nothing breaks them.
    fn folded(&self, text: Text) -> Text {
        match self.terminal {
            Some((_, columns)) => text.folded(columns.max(LEAST_WIDTH)),
            None => text,
        }
    }

    fn say(&self, text: &Text) {
        // When stderr is gone there is nobody left to tell.
        let _ = self.err.write(text, true);
    }

    /// Shows that something takes its time. Hidden where stderr is no terminal.
    #[must_use]
    pub fn progress(&self, message: &str) -> Progress {
        Progress::new(message, self.show_progress)
    }

    /// Whether somebody is there to answer.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        self.prompter.is_some()
    }

    /// Shows what an answer will be about, on the terminal that the question is asked on; never left out.
    ///
    /// # Errors
    /// When it could not be shown, so that nobody can answer.
    pub fn show(&self, text: impl Into<Text>) -> Result<(), PromptError> {
        self.err.write(&text.into(), true).map_err(PromptError::Interrupted)
    }

    /// Asks for one of several keys, such as `[a] accept, [r] reject`.
    ///
    /// # Errors
    /// When nobody is there to answer.
    pub fn choose(&self, question: &str, options: &[(Key, &str)]) -> Result<Key, PromptError> {
        let prompter = self.prompter.as_deref().ok_or(PromptError::NotATerminal)?;
        let question = self.question(question, options).join("\n");
        loop {
            let answer = prompter.ask(&question)?;
            if let Some((key, _)) = options.iter().find(|(key, _)| key.is_answered_by(answer.trim())) {
                return Ok(*key);
            }
            let keys: Vec<String> = options.iter().map(|(key, _)| key.to_string()).collect();
            self.show(format!("please answer with one of: {}", keys.join(", ")))?;
        }
    }

    /// A question with its options, in lines that fit.
    fn question(&self, question: &str, options: &[(Key, &str)]) -> Vec<String> {
        // Lines break between options and not within one.
        let unbroken = |words: &str| words.replace(' ', "\u{a0}");
        let options: Vec<String> =
            options.iter().map(|(key, words)| unbroken(&sanitize::line(&format!("[{key}] {words}")))).collect();
        let question = format!("{} {}", sanitize::line(question), options.join(", "));
        wrapped(&question, self.width, 2).into_iter().map(|line| line.replace('\u{a0}', " ")).collect()
    }

    /// How many lines such a question takes.
    #[must_use]
    pub fn question_lines(&self, question: &str, options: &[(Key, &str)]) -> usize {
        self.question(question, options).len()
    }

    /// Asks a person to type an exact text; `Ok(false)` when something else was typed.
    ///
    /// # Errors
    /// When nobody is there to answer.
    pub fn confirm_by_typing(&self, question: &str, expected: &str) -> Result<bool, PromptError> {
        Ok(self.ask(question)?.trim() == expected)
    }

    /// Asks for a line of text.
    ///
    /// # Errors
    /// When nobody is there to answer.
    pub fn ask(&self, question: &str) -> Result<String, PromptError> {
        let prompter = self.prompter.as_deref().ok_or(PromptError::NotATerminal)?;
        prompter.ask(&wrapped(&sanitize::line(question), self.width, 2).join("\n"))
    }

    /// Asks for a password or the like, which is not seen while it is typed.
    ///
    /// # Errors
    /// When nobody is there to answer.
    pub fn ask_hidden(&self, question: &str) -> Result<Zeroizing<String>, PromptError> {
        let prompter = self.prompter.as_deref().ok_or(PromptError::NotATerminal)?;
        prompter.ask_hidden(&sanitize::line(question))
    }
}

/// A closed pipe is the reader's way to say "enough": `mcp-pin diff weather | head` ends as without `head`.
fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// What a captured [`Ui`] said.
#[derive(Clone, Default)]
pub struct Captured {
    out: SharedBuffer,
    err: SharedBuffer,
}

impl Captured {
    /// All data so far.
    #[must_use]
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// All talk so far.
    #[must_use]
    pub fn err(&self) -> String {
        self.err.text()
    }
}

#[derive(Clone, Default)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl SharedBuffer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
