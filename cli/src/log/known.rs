//! What was seen of logs: the last checkpoint of each, its key, and evidence where a log contradicted itself.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use mcp_pin_model::Digest;
use mcp_pin_tlog::{Checkpoint, Note};

use super::LogProblem;
use crate::{
    error::CommandError,
    state::{make_private, read_bounded, write_private},
};

/// Larger than any checkpoint or key.
const MAX_BYTES: u64 = 64 << 10;

/// Where what was seen of logs is kept: one folder a registry.
#[derive(Clone, Debug)]
pub(crate) struct KnownLogs(PathBuf);

impl KnownLogs {
    /// Below the program's folder of the user's configuration.
    #[must_use]
    pub(crate) fn below(configuration: &Path) -> Self {
        Self(configuration.join("logs"))
    }

    /// What was seen of a registry's log.
    pub(crate) fn of(&self, registry: &str) -> KnownLog {
        KnownLog(self.0.join(name_of(registry.as_bytes())))
    }
}

/// A name for a folder: hexadecimal digits that follow from the bytes.
fn name_of(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string().trim_start_matches("sha256:").chars().take(32).collect()
}

/// What was seen of one log.
#[derive(Clone, Debug)]
pub(crate) struct KnownLog(PathBuf);

impl KnownLog {
    /// The checkpoint that was seen last. It was verified before it was kept.
    pub(crate) fn checkpoint(&self) -> Result<Option<Checkpoint>, LogProblem> {
        let Some(bytes) = self.read("checkpoint")? else { return Ok(None) };
        let damaged = || LogProblem::Damaged(self.0.clone());
        let note = Note::parse(&bytes).map_err(|_| damaged())?;
        Checkpoint::parse(note.text()).map(Some).map_err(|_| damaged())
    }

    /// The key that was accepted for it.
    pub(crate) fn key(&self) -> Result<Option<String>, LogProblem> {
        let bytes = self.read("key")?;
        bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| LogProblem::Damaged(self.0.clone()))).transpose()
    }

    /// Keeps the key that was accepted.
    pub(crate) fn keep_key(&self, key: &str) -> Result<(), LogProblem> {
        write_private(&self.0.join("key"), key.as_bytes()).map_err(LogProblem::State)
    }

    /// Keeps a checkpoint that was verified and continues the one before it. Another process may have seen a later one
    /// meanwhile: that one stays.
    pub(crate) fn keep(&self, size: u64, checkpoint: &[u8]) -> Result<(), LogProblem> {
        make_private(&self.0).map_err(LogProblem::State)?;
        let path = self.0.join("lock");
        let locked = File::options().create(true).append(true).open(&path).and_then(|file| file.lock().map(|()| file));
        let locked = locked.map_err(|error| LogProblem::State(CommandError::io("cannot lock", &path, &error)))?;
        if self.checkpoint()?.is_none_or(|seen| seen.size <= size) {
            write_private(&self.0.join("checkpoint"), checkpoint).map_err(LogProblem::State)?;
        }
        drop(locked);
        Ok(())
    }

    /// The bytes of the checkpoint that was seen last; none where none was.
    pub(crate) fn signed(&self) -> Result<Vec<u8>, LogProblem> {
        Ok(self.read("checkpoint")?.unwrap_or_default())
    }

    /// Keeps a checkpoint that contradicts one that was seen, with that one beside it. Gives back the folder.
    pub(crate) fn keep_evidence(&self, seen: &[u8], shown: &[u8]) -> Result<PathBuf, LogProblem> {
        let folder = self.0.join("evidence").join(name_of(shown));
        write_private(&folder.join("seen.checkpoint"), seen).map_err(LogProblem::State)?;
        write_private(&folder.join("shown.checkpoint"), shown).map_err(LogProblem::State)?;
        Ok(folder)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, LogProblem> {
        read_bounded(&self.0.join(name), MAX_BYTES).map_err(LogProblem::State)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(size: u64) -> Vec<u8> {
        let checkpoint = Checkpoint {
            origin: "registry.example/log".to_owned(),
            size,
            root: mcp_pin_tlog::Hash::EMPTY_ROOT,
            extensions: Vec::new(),
        };
        checkpoint.sign(&[7; 32], 1_767_323_045).unwrap()
    }

    #[test]
    fn an_earlier_checkpoint_takes_no_later_ones_place() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownLogs::below(folder.path()).of("https://registry.example/");
        assert_eq!(known.checkpoint().unwrap(), None);
        known.keep(12, &note(12)).unwrap();
        known.keep(10, &note(10)).unwrap();
        assert_eq!(known.checkpoint().unwrap().unwrap().size, 12);
        known.keep(13, &note(13)).unwrap();
        assert_eq!(known.checkpoint().unwrap().unwrap().size, 13);
    }

    #[test]
    fn what_was_damaged_is_not_taken_for_nothing_seen() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownLogs::below(folder.path()).of("https://registry.example/");
        known.keep(12, &note(12)).unwrap();
        std::fs::write(known.0.join("checkpoint"), "half a not").unwrap();
        assert!(matches!(known.checkpoint(), Err(LogProblem::Damaged(_))));
        assert!(matches!(known.keep(14, &note(14)), Err(LogProblem::Damaged(_))));
    }
}
