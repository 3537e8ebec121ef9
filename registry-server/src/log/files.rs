//! The files of the log: written whole, on the disk before anything names them, and never changed.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use mcp_pin_tlog::{
    TileId,
    tile::{FULL_WIDTH, TilePath},
};

use super::LogError;

/// The name of the file that changes.
const CHECKPOINT: &str = "checkpoint";

/// The largest file that is read back: a bundle of 256 entries of 64 KiB is the largest that is written.
const MAX_FILE_BYTES: u64 = FULL_WIDTH * (2 + 65_535);

/// A folder that can be served as it is.
#[derive(Clone, Debug)]
pub struct LogFiles {
    folder: PathBuf,
}

impl LogFiles {
    /// Uses the folder, which is made when something is first written.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where they are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The checkpoint that was published last.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, LogError> {
        self.read(CHECKPOINT)
    }

    /// A tile of hashes, as published.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn tile(&self, tile: &TileId) -> Result<Option<Vec<u8>>, LogError> {
        self.read(&tile.path())
    }

    /// What a path below the log's address names, as published. A path that no tile has names nothing, so that nothing but
    /// tiles can be reached.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn at_path(&self, path: &str) -> Result<Option<Vec<u8>>, LogError> {
        match TileId::from_path(path) {
            Some(TilePath::Hashes(tile)) => self.tile(&tile),
            Some(TilePath::Entries(tile)) => tile.entries_path().map_or(Ok(None), |path| self.read(&path)),
            None => Ok(None),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, LogError> {
        let path = self.folder.join(name);
        let read = || {
            if fs::metadata(&path)?.len() > MAX_FILE_BYTES {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            fs::read(&path)
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LogError::Io { path, source }),
        }
    }

    /// Writes a file that never changes: again with the same bytes is nothing, with others an error.
    ///
    /// # Errors
    /// When it cannot be written, or was written with other bytes.
    pub(super) fn write_once(&self, name: &str, bytes: &[u8]) -> Result<(), LogError> {
        match self.read(name)? {
            Some(written) if written == bytes => Ok(()),
            Some(_) => Err(LogError::Changed(self.folder.join(name))),
            None => self.replace(name, bytes),
        }
    }

    /// Publishes a checkpoint. Everything that it names has to be written before.
    ///
    /// # Errors
    /// When it cannot be written; then the one before it is still there.
    pub(super) fn publish(&self, checkpoint: &[u8]) -> Result<(), LogError> {
        self.replace(CHECKPOINT, checkpoint)
    }

    /// Removes the narrower tiles at the place of a full one: nobody needs them any more. One that cannot be removed stays.
    pub(super) fn forget_partial(&self, full: &TileId) {
        for path in [Some(full.path()), full.entries_path()].into_iter().flatten() {
            let _ = fs::remove_dir_all(self.folder.join(format!("{path}.p")));
        }
    }

    /// Writes a file whole or not at all; it is on the disk when this returns.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), LogError> {
        let path = self.folder.join(name);
        let write = || {
            let folder = path.parent().unwrap_or(&self.folder);
            self.make_folder(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            // Anybody may read what is published, so that another program can serve it; the data directory above decides.
            #[cfg(unix)]
            file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            sync_folder(folder)
        };
        write().map_err(|source| LogError::Io { path: path.clone(), source })
    }

    /// Makes a folder and those above it, each on the disk before anything is in it.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent().filter(|_| folder != self.folder) {
            self.make_folder(parent)?;
        }
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => folder.parent().map_or(Ok(()), sync_folder),
        }
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be opened as files; the system writes their entries with the files.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
