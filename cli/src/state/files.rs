//! Reading and writing files so that nobody ever sees half of one.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    path::Path,
};

use crate::error::CommandError;

/// Reads a file of at most `limit` bytes; `None` where there is none.
///
/// # Errors
/// A file that cannot be read or is larger.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, CommandError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CommandError::io("read", path, &error)),
    };
    let mut bytes = Vec::new();
    // One byte more than allowed tells "as large as allowed" from "larger", even for files that lie about their size.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| CommandError::io("read", path, &error))?;
    if bytes.len() as u64 > limit {
        return Err(CommandError::could_not_check(format!("{} is larger than {limit} bytes", path.display())));
    }
    Ok(Some(bytes))
}

/// Writes a file atomically: a temporary file beside it, synced, renamed over it, the directory synced. Untouched when
/// it holds these bytes already; gives back whether it was written.
///
/// # Errors
/// When any step fails; the old file is then still there.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<bool, CommandError> {
    if fs::read(path).is_ok_and(|existing| existing == bytes) {
        return Ok(false);
    }
    let io = |error: std::io::Error| CommandError::io("write", path, &error);
    let directory = path.parent().ok_or_else(|| CommandError::internal("a state file without a directory"))?;
    fs::create_dir_all(directory).map_err(io)?;
    let mut file = tempfile::Builder::new().prefix(".mcp-pin-").suffix(".tmp").tempfile_in(directory).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    // Temporary files are private; these are committed, and private ones would surprise whoever shares a checkout.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_or(0o644, |metadata| metadata.permissions().mode() & 0o777);
        file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(io)?;
    }
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    sync_directory(directory).map_err(io)?;
    Ok(true)
}

/// Writes a file of the user's own atomically, readable for nobody else, in a directory of the same kind.
///
/// # Errors
/// When any step fails; the old file is then still there.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let io = |error: std::io::Error| CommandError::io("write", path, &error);
    let directory = path.parent().ok_or_else(|| CommandError::internal("a file without a directory"))?;
    make_private(directory)?;
    // Temporary files are private from the start, and stay so.
    let mut file = tempfile::Builder::new().prefix(".mcp-pin-").suffix(".tmp").tempfile_in(directory).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    sync_directory(directory).map_err(io)
}

/// Makes a directory of the user's own, and those above it, where there is none.
///
/// # Errors
/// When it cannot be made.
pub fn make_private(directory: &Path) -> Result<(), CommandError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(directory).map_err(|error| CommandError::io("make the directory", directory, &error))
}

/// Makes a rename durable. Only Unix lets a directory be opened for that.
fn sync_directory(directory: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_leave_the_file_untouched() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        assert!(write_atomic(&path, b"x").unwrap());
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        assert!(!write_atomic(&path, b"x").unwrap());
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        assert!(write_atomic(&path, b"y").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"y");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap().unwrap(), b"12345");
        assert!(read_bounded(&path, 4).is_err());
        assert!(read_bounded(&directory.path().join("none"), 4).unwrap().is_none());
    }
}
