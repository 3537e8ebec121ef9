//! Why a command of an operator failed.

use std::path::PathBuf;

use mcp_pin_storage::StorageError;
use thiserror::Error;

use super::archive::ArchiveError;
use crate::{config::ConfigError, data_dir::DataDirError, service::ServiceError};

/// An error of `doctor`, `backup`, `restore`, `export`, `import` or `migrate`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OperateError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// The store.
    #[error("the registry cannot be opened")]
    Store(#[from] StorageError),
    /// What is in the store.
    #[error("the registry cannot be read")]
    Service(#[from] ServiceError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file.
    #[error("cannot use `{path}`")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// There is no registry where one was looked for.
    #[error("there is no registry in `{0}`")]
    NoRegistry(PathBuf),
    /// Something is there already.
    #[error("`{0}` exists already, and nothing is written over")]
    Exists(PathBuf),
    /// A backup that is none, or was changed.
    #[error("the backup `{path}` cannot be used: {problem}")]
    Backup {
        /// Where.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// The runtime.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
}

impl OperateError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Data(error) => error.hint(),
            Self::Archive(error) => error.hint(),
            Self::Store(StorageError::OlderSchema { .. }) => {
                Some("run `mcp-pin-registry migrate`, or start the server")
            }
            Self::NoRegistry(_) => Some("name its directory with `--data-dir`, or its database with `DATABASE_URL`"),
            Self::Exists(_) => Some("choose another name"),
            Self::Backup { .. } => Some("take another one"),
            _ => None,
        }
    }

    /// Whether what was asked for was wrong, and not what is there.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Exists(_) | Self::NoRegistry(_))
    }
}

/// What happened to a file.
pub(super) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> OperateError {
    let path = path.to_owned();
    move |source| OperateError::Io { path, source }
}
