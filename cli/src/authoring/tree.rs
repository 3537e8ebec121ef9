//! The files of a package: on the disk, or in a commit.

use std::path::PathBuf;

use crate::{error::CommandError, git::Commit, state::read_bounded};

/// The largest file of a package that is read for its version.
const MAX_BYTES: u64 = 4 << 20;

/// Where files are read from.
#[derive(Clone, Debug)]
pub enum Tree {
    /// A directory.
    Directory(PathBuf),
    /// The same directory, in a commit.
    Commit(Commit),
}

impl Tree {
    /// A file, by its path from the directory, with `/` between folders; `None` where there is none.
    ///
    /// # Errors
    /// When that cannot be said, or the file is larger than any of its kind.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, CommandError> {
        match self {
            Self::Directory(directory) => read_bounded(&directory.join(path), MAX_BYTES),
            Self::Commit(commit) => commit.file(path),
        }
    }

    /// What a file of it is called in messages.
    #[must_use]
    pub fn called(&self, path: &str) -> String {
        match self {
            Self::Directory(_) => path.to_owned(),
            Self::Commit(commit) => format!("{path} of commit {}", commit.short()),
        }
    }
}
