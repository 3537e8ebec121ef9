//! Errors and exit codes: the one place where a kind of failure gets its code.

use std::{fmt, path::PathBuf, process::ExitCode};

/// How a command ended. The codes are documented and stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// 0: done, or everything passed.
    Passed,
    /// 4: an approver has to decide first.
    ConsentRequired,
    /// 3: could not check: unreachable, unreadable, incomplete. Never a pass.
    CouldNotCheck,
    /// 1: drift, a failed verification, or a policy that says no.
    Failed,
    /// 2: wrong usage or configuration.
    Usage,
}

impl Status {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::CouldNotCheck => 3,
            Self::ConsentRequired => 4,
        }
    }

    /// The graver of two, for a command over several servers: nothing hides a failure, not even another server that
    /// could not be checked; both outweigh one that waits for consent.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}

/// A place in a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1, where one is known.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.path.display()),
            None => write!(f, "{}", self.path.display()),
        }
    }
}

/// Why a command could not do what it was asked to. Printed once, by `main`, through [`crate::ui`], which escapes it:
/// messages may quote hostile text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandError {
    /// What it means for the caller.
    pub status: Status,
    /// What failed on which input; lower case, no full stop.
    pub message: String,
    /// Where, if it is about a file that a person wrote.
    pub place: Option<Place>,
    /// Details, one line each.
    pub details: Vec<String>,
    /// What to do about it: a sentence or the command to run. Never a command that approves something.
    pub hint: Option<String>,
}

/// What a command returns: `Ok` when it has said all there is to say itself.
pub type CommandResult = Result<Status, CommandError>;

impl CommandError {
    /// An error of any kind.
    #[must_use]
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), place: None, details: Vec::new(), hint: None }
    }

    /// Drift, a failed verification, or policy: exit code 1.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Status::Failed, message)
    }

    /// Wrong usage or configuration: exit code 2.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Status::Usage, message)
    }

    /// Could not check: exit code 3.
    #[must_use]
    pub fn could_not_check(message: impl Into<String>) -> Self {
        Self::new(Status::CouldNotCheck, message)
    }

    /// Somebody has to consent first: exit code 4.
    #[must_use]
    pub fn consent_required(message: impl Into<String>) -> Self {
        Self::new(Status::ConsentRequired, message)
    }

    /// A fault of ours: exit code 3, since whatever was asked was not checked.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Status::CouldNotCheck, format!("internal error: {}", message.into()))
    }

    /// An error of the file system, with the path in its text.
    #[must_use]
    pub fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::could_not_check(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the place it is about.
    #[must_use]
    pub fn at(mut self, path: impl Into<PathBuf>, line: Option<usize>) -> Self {
        self.place = Some(Place { path: path.into(), line });
        self
    }

    /// With another line of detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}
