//! Roots on disk: `roots/1.root.json`, `roots/2.root.json` … in the data directory, each whole or not there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::registry_root::{
    MAX_ROOT_BYTES, MAX_ROOT_CHAIN, RegistryRoot, RegistryRootError, RootPin, SignedRoot,
};
use thiserror::Error;

use crate::data_dir::{DataDirError, Existing, write_secret};

/// How long before its end an operator is warned of a root: the holders of its keys have to come together.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why the roots of a data directory cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RootError {
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] DataDirError),
    /// A root that clients would refuse.
    #[error("the root `{path}` cannot be served")]
    Root {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: RegistryRootError,
    },
    /// A root that names another log key than the one at hand: clients would refuse what the log signs.
    #[error("the root names another key for the log than this data directory has")]
    LogKey,
}

/// The roots of a data directory.
#[derive(Clone, Debug)]
pub struct RootStore(PathBuf);

/// The roots as they are served: byte for byte, by version, the first first.
#[derive(Clone, Debug, Default)]
pub struct ServedRoots(Vec<Vec<u8>>);

impl ServedRoots {
    /// One of them.
    #[must_use]
    pub fn version(&self, version: u64) -> Option<&[u8]> {
        let index = usize::try_from(version.checked_sub(1)?).ok()?;
        self.0.get(index).map(Vec::as_slice)
    }

    /// The current one.
    #[must_use]
    pub fn current(&self) -> Option<&[u8]> {
        self.0.last().map(Vec::as_slice)
    }

    /// When the current one ends; none where there is none.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        SignedRoot::from_bytes(self.current()?).ok().map(|root| root.document_unverified().expires)
    }

    /// Checks the chain as a client does that knows the first; none where there is no root.
    fn verify(&self, now: Timestamp) -> Result<Option<RegistryRoot>, RegistryRootError> {
        let Some(first) = self.0.first() else { return Ok(None) };
        let known = SignedRoot::from_bytes(first)?.pin();
        // What is served as the first is the first: a client's own one is.
        let known = RootPin { version: 1, ..known };
        RegistryRoot::verify_chain(&known, &self.0, now).map(Some)
    }
}

impl RootStore {
    /// Those of a data directory.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self(data_dir.join("roots"))
    }

    fn path(&self, version: usize) -> PathBuf {
        self.0.join(format!("{version}.root.json"))
    }

    /// Reads them without checking them.
    ///
    /// # Errors
    /// [`RootError::Read`].
    pub fn read(&self) -> Result<ServedRoots, RootError> {
        let mut roots = Vec::new();
        for version in 1..=MAX_ROOT_CHAIN {
            match read_root(&self.path(version)) {
                Ok(bytes) => roots.push(bytes),
                Err(RootError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok(ServedRoots(roots))
    }

    /// Reads them and refuses what a client would refuse.
    ///
    /// # Errors
    /// [`RootError::Root`], [`RootError::LogKey`]; files that cannot be read.
    pub fn load(&self, log_key: Option<&str>, now: Timestamp) -> Result<ServedRoots, RootError> {
        let roots = self.read()?;
        let verified = roots.verify(now);
        let verified = verified.map_err(|source| RootError::Root { path: self.path(roots.0.len()), source })?;
        let Some(root) = verified else { return Ok(roots) };
        let document = root.document();
        if let (Some(log), Some(own)) = (&document.roles.log, log_key)
            && !log.keyids.iter().any(|id| id == own)
        {
            return Err(RootError::LogKey);
        }
        if document.expires.duration_since(now) < WARN_BEFORE {
            tracing::warn!(root.version = document.version, root.expires = %document.expires, "the root expires soon: `mcp-pin-registry keys rotate`");
        }
        Ok(roots)
    }

    /// The last of them, as a client that knows the first trusts it.
    ///
    /// # Errors
    /// See [`RootStore::load`]; an expired one is none of them: it is the one to replace.
    pub fn last(&self) -> Result<Option<SignedRoot>, RootError> {
        let roots = self.read()?;
        let path = self.path(roots.0.len());
        let last = roots.current().map(SignedRoot::from_bytes).transpose();
        last.map_err(|source| RootError::Root { path, source })
    }

    /// Adds the next root, if clients will follow it.
    ///
    /// # Errors
    /// See [`RootStore::load`]; files that cannot be written.
    pub fn install(&self, root: &SignedRoot, now: Timestamp) -> Result<(), RootError> {
        let mut roots = self.read()?;
        roots.0.push(root.to_bytes());
        let path = self.path(roots.0.len());
        roots.verify(now).map_err(|source| RootError::Root { path: path.clone(), source })?;
        let failed = |source| DataDirError::Io { path: self.0.clone(), source };
        fs::create_dir_all(&self.0).map_err(failed)?;
        let text = root.to_bytes();
        // It is no secret; it is written like one, whole or not at all, and never over another.
        Ok(write_secret(&path, &String::from_utf8_lossy(&text), Existing::Keep)?)
    }
}

/// Reads a root's bytes within limits; a line's end after it is not part of it.
pub(super) fn read_root(path: &Path) -> Result<Vec<u8>, RootError> {
    let failed = |source| RootError::Read { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MAX_ROOT_BYTES as u64 + 2), &mut bytes).map_err(failed)?;
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    Ok(bytes)
}
