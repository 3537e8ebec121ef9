//! Where a project file is read from: the project, another file, or a commit.

use std::path::{Component, Path, PathBuf};

use crate::{error::CommandError, git::Commit, project::SETTINGS_FILE, state::read_bounded};

/// The largest project file: people write it, and a thousand servers fit.
const MAX_BYTES: u64 = 1 << 20;

/// Where a project file is read from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The file of the project in this directory.
    Project(PathBuf),
    /// A file that somebody named.
    File(PathBuf),
    /// The project file of a commit.
    Commit {
        /// What the commit was called.
        revision: String,
        /// The commit.
        commit: Commit,
    },
}

impl Origin {
    /// What it is called in messages, in place of a path.
    #[must_use]
    pub fn shown(&self) -> PathBuf {
        match self {
            Self::Project(_) => PathBuf::from(SETTINGS_FILE),
            Self::File(path) => path.clone(),
            Self::Commit { commit, .. } => PathBuf::from(format!("{}:{SETTINGS_FILE}", commit.short())),
        }
    }

    /// The project file; `None` where there is none.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, CommandError> {
        match self {
            Self::Project(root) => read_bounded(&root.join(SETTINGS_FILE), MAX_BYTES),
            Self::File(path) => read_bounded(path, MAX_BYTES),
            Self::Commit { commit, .. } => {
                let bytes = commit.file(SETTINGS_FILE)?;
                if bytes.as_ref().is_some_and(|bytes| bytes.len() as u64 > MAX_BYTES) {
                    return Err(
                        CommandError::could_not_check(format!("larger than {MAX_BYTES} bytes")).at(self.shown(), None)
                    );
                }
                Ok(bytes)
            }
        }
    }

    /// A file that the project file names, from the same place: a commit's from that commit, so that nothing of the working
    /// tree gets in.
    pub(super) fn beside(&self, name: &str, limit: u64) -> Result<Vec<u8>, CommandError> {
        let relative = Path::new(name);
        let is_inside = !name.is_empty()
            && !name.contains('\\')
            && relative.components().all(|component| matches!(component, Component::Normal(_)));
        if !is_inside {
            return Err(CommandError::could_not_check(format!(
                "`{name}` leads out of the project: a file is named relative to {SETTINGS_FILE}, without `..`"
            )));
        }
        let missing = || CommandError::could_not_check(format!("`{name}` is missing"));
        let folder = match self {
            Self::Commit { commit, .. } => {
                let bytes = commit.file(name)?.ok_or_else(missing)?;
                if bytes.len() as u64 > limit {
                    return Err(CommandError::could_not_check(format!("`{name}` is larger than {limit} bytes")));
                }
                return Ok(bytes);
            }
            Self::Project(root) => root.as_path(),
            Self::File(path) => path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        };
        // Links are followed and then have to end inside: where a file is mounted, its folder holds links.
        let real = |path: &Path| std::fs::canonicalize(path).map_err(|error| CommandError::io("read", path, &error));
        let folder = real(folder)?;
        let file = real(&folder.join(relative)).map_err(|_| missing())?;
        if !file.starts_with(&folder) {
            return Err(CommandError::could_not_check(format!("`{name}` is a link that leads out of the project")));
        }
        read_bounded(&file, limit)?.ok_or_else(missing)
    }
}
