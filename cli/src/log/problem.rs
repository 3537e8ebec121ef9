//! What can be wrong with a log.

use std::path::PathBuf;

use jiff::Timestamp;
use mcp_pin_registry_client::ClientError;
use mcp_pin_tlog::{CheckpointError, HistoryError, TileError, entries::EntriesError, note::KeyError};
use thiserror::Error;

use super::StateProblem;
use crate::{commands::registry::connection::client_error, error::CommandError};

/// Why a log is not what it should be, or could not be read.
#[derive(Debug, Error)]
pub(crate) enum LogProblem {
    /// The registry refused or could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It publishes none.
    #[error("the registry publishes no log")]
    None,
    /// The text is not the key of a log.
    #[error(transparent)]
    Key(KeyError),
    /// The checkpoint says nothing.
    #[error("the log's checkpoint is not one of its key: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The log's signature is old.
    #[error("the log was last signed at {signed}: an old view of it is shown, or it has stopped")]
    Stale {
        /// When it was signed.
        signed: Timestamp,
    },
    /// The log's signature is of a time that has not come.
    #[error("the log was signed at {signed}, and here it is {now}: one of the two clocks is wrong")]
    FromTheFuture {
        /// When it was signed.
        signed: Timestamp,
        /// What this machine says.
        now: Timestamp,
    },
    /// The log does not say when it was signed.
    #[error("the log does not say when it was signed, so an old view of it could be shown for ever")]
    Undated,
    /// The log is not a continuation of the one that was seen.
    #[error(transparent)]
    History(HistoryError),
    /// Two logs were signed.
    #[error("{source}")]
    Forked {
        /// Which.
        source: HistoryError,
        /// Where both are kept.
        evidence: PathBuf,
    },
    /// A tile is not that of the log.
    #[error("a tile of the log is not what the log commits to: {0}")]
    Tile(TileError<Missing>),
    /// A bundle of entries cannot be read.
    #[error("`{path}` is no bundle of entries: {source}")]
    Bundle {
        /// Which one.
        path: String,
        /// Why.
        source: EntriesError,
    },
    /// An entry is not the one that the log commits to.
    #[error("entry {sequence} is not the one that the log commits to")]
    Entry {
        /// Which one: the first is 1.
        sequence: u64,
    },
    /// The state that the log commits to.
    #[error(transparent)]
    RegistryState(#[from] StateProblem),
    /// What is kept of a log cannot be used.
    #[error("what was seen of the log cannot be read in `{0}`")]
    Damaged(PathBuf),
    /// It cannot be kept.
    #[error("{0:?}")]
    State(CommandError),
}

/// A tile that was not fetched, which is a fault here.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("it was not fetched")]
pub(crate) struct Missing;

impl From<LogProblem> for CommandError {
    fn from(problem: LogProblem) -> Self {
        let text = problem.to_string();
        match problem {
            LogProblem::Client(error) => client_error(error),
            LogProblem::State(error) => error,
            LogProblem::None => Self::could_not_check(text)
                .hint("a registry publishes its log when it knows its own address: `public-url` in its configuration"),
            LogProblem::Key(_) => Self::usage(text).hint("the registry's operators have it: `/.well-known/mcp-pin` shows it as `logKey`"),
            LogProblem::FromTheFuture { .. } => Self::could_not_check(text).hint("set the clock of this machine, then check again"),
            LogProblem::Damaged(_) => Self::could_not_check(text)
                .hint("remove the folder only if nothing else has changed it: with it goes what the log is held against"),
            LogProblem::Forked { evidence, .. } => Self::failed(text)
                .detail(format!("both signed checkpoints are kept in {}", evidence.display()))
                .hint("show them to whoever answers for the registry: nobody can deny them; trust nothing it decided since"),
            LogProblem::History(HistoryError::RolledBack { .. }) => Self::failed(text)
                .hint("a registry that was restored from an old backup shows this, too: ask whoever runs it, by another way"),
            LogProblem::RegistryState(problem) => {
                let (status, hint) = (problem.status(), problem.hint());
                let error = Self::new(status, text);
                match hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            }
            LogProblem::Stale { .. } => Self::failed(text)
                .hint("what was revoked since may be hidden; ask whoever runs the registry whether it works"),
            _ => Self::failed(text),
        }
    }
}
