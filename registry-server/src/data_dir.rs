//! The data directory: for one process and one user only.
//!
//! ```text
//! lock            held while a server runs
//! registry.sqlite the database
//! cursor.key      the key that page cursors are authenticated with
//! webhook.key     the key that the secrets of webhooks are sealed with
//! admin-token     the first token, as it was printed on first start
//! log.key         the key of the transparency log, and since when; made by `keys init`
//! roots/          `1.root.json`, `2.root.json` …: who speaks for this registry
//! ```

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::root::LogKey;

/// A secret file holds one key or token; anything longer is not ours.
const MAX_SECRET_BYTES: u64 = 1024;

/// The file of the transparency log's key.
const LOG_KEY: &str = "log.key";

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// Another server runs on it.
    #[error("the data directory `{0}` is in use by another process")]
    InUse(PathBuf),
    /// Other users of this machine could read the keys.
    #[error("the data directory `{0}` is open to other users of this machine")]
    Open(PathBuf),
    /// A file of it is not what it should be.
    #[error("`{0}` is damaged")]
    Damaged(PathBuf),
    /// The file system refused.
    #[error("cannot use `{path}`")]
    Io {
        /// What was touched.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl DataDirError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::InUse(_) => Some("stop the other server, or give this one its own `--data-dir`"),
            Self::Open(_) => Some("run `chmod 700` on it"),
            Self::Damaged(_) => Some("restore it from a backup"),
            Self::Io { .. } => None,
        }
    }
}

/// A data directory that this process holds.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    // The lock ends with the file handle.
    _lock: File,
}

impl DataDir {
    /// Creates the directory where it does not exist, and takes it.
    ///
    /// # Errors
    /// See [`DataDirError`].
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DataDirError::Io { path, source }
        };
        create_private(path).map_err(failed(path))?;
        if !is_private(path).map_err(failed(path))? {
            return Err(DataDirError::Open(path.to_owned()));
        }
        let lock_path = path.join("lock");
        let lock =
            File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(DataDirError::Io { path: lock_path, source }),
        }
    }

    /// Where the database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("registry.sqlite")
    }

    /// Where the first token is.
    pub(crate) fn admin_token(&self) -> PathBuf {
        self.path.join("admin-token")
    }

    /// The key of the transparency log, if there is one.
    ///
    /// # Errors
    /// See [`DataDirError`].
    pub(crate) fn log_key(&self) -> Result<Option<LogKey>, DataDirError> {
        let path = self.path.join(LOG_KEY);
        match read_secret(&path)? {
            Some(text) => LogKey::from_text(&text).map(Some).ok_or(DataDirError::Damaged(path)),
            None => Ok(None),
        }
    }

    /// The folder of what the transparency log publishes.
    #[must_use]
    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// Keeps the key of the transparency log; never over another.
    ///
    /// # Errors
    /// See [`DataDirError`].
    pub(crate) fn keep_log_key(&self, key: &LogKey) -> Result<(), DataDirError> {
        write_secret(&self.path.join(LOG_KEY), &key.to_text(), Existing::Keep)
    }

    /// A key of 32 bytes, made on first use.
    ///
    /// # Errors
    /// See [`DataDirError`].
    pub(crate) fn key(
        &self,
        name: &str,
        generate: impl FnOnce() -> [u8; 32],
    ) -> Result<Zeroizing<[u8; 32]>, DataDirError> {
        let path = self.path.join(name);
        let text = match read_secret(&path)? {
            Some(text) => text,
            None => {
                let text = Zeroizing::new(hex::encode(Zeroizing::new(generate())));
                write_secret(&path, &text, Existing::Keep)?;
                text
            }
        };
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), key.as_mut()).map_err(|_| DataDirError::Damaged(path))?;
        Ok(key)
    }
}

/// Reads a secret file; `None` where there is none.
///
/// # Errors
/// See [`DataDirError`].
pub(crate) fn read_secret(path: &Path) -> Result<Option<Zeroizing<String>>, DataDirError> {
    let failed = |source| DataDirError::Io { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_SECRET_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// What to do with a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Fail.
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// Writes a secret file: mode 0600 from the start, whole or not at all, on the disk when this returns.
///
/// # Errors
/// See [`DataDirError`].
pub(crate) fn write_secret(path: &Path, text: &str, existing: Existing) -> Result<(), DataDirError> {
    let write = || {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // `tempfile` creates with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        match existing {
            Existing::Keep => file.persist_noclobber(path).map_err(|error| error.error)?,
            Existing::Replace => file.persist(path).map_err(|error| error.error)?,
        };
        #[cfg(unix)]
        File::open(directory)?.sync_all()?;
        Ok(())
    };
    write().map_err(|source| DataDirError::Io { path: path.to_owned(), source })
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    if path.is_dir() {
        // Somebody made the directory for us with their usual mode. Nothing is in it yet, so closing it is safe.
        if fs::read_dir(path)?.next().is_none() {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 == 0)
}

/// Elsewhere the directory inherits who may read it from its parent, as everything in a user's profile does.
#[cfg(not(unix))]
fn is_private(_: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(DataDirError::InUse(_))));
        drop(first);
        assert!(DataDir::open(&path).is_ok());
    }

    #[test]
    fn keys_are_made_once() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDir::open(&parent.path().join("data")).unwrap();
        assert_eq!(*directory.key("k", || [7; 32]).unwrap(), [7; 32]);
        assert_eq!(*directory.key("k", || [8; 32]).unwrap(), [7; 32]);
    }

    #[test]
    fn a_damaged_key_is_refused_and_kept() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDir::open(&parent.path().join("data")).unwrap();
        let path = parent.path().join("data/k");
        write_secret(&path, "not hexadecimal", Existing::Keep).unwrap();
        assert!(matches!(directory.key("k", || [8; 32]), Err(DataDirError::Damaged(_))));
        assert_eq!(fs::read_to_string(path).unwrap(), "not hexadecimal\n");
    }

    #[cfg(unix)]
    #[test]
    fn other_users_are_kept_out() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let directory = DataDir::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        write_secret(&directory.admin_token(), "secret", Existing::Keep).unwrap();
        assert_eq!(fs::metadata(directory.admin_token()).unwrap().permissions().mode() & 0o777, 0o600);
        drop(directory);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(DataDir::open(&path), Err(DataDirError::Open(_))));
    }
}
