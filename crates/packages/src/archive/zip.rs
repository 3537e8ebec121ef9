//! Zip archives, as wheels are.

use std::io::{Cursor, Read};

use zip::{ZipArchive, result::ZipError};

use super::{ArchiveError, MAX_ENTRIES, MAX_FILE_BYTES, parts, unpacked_limit};

/// Reads the one file with this name in a top-level folder that ends in `folder_end`. `None` where there is none.
///
/// # Errors
/// See [`ArchiveError`].
pub fn file_of_zip(archive: &[u8], folder_end: &str, wanted: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
    let mut reader = ZipArchive::new(Cursor::new(archive)).map_err(damaged)?;
    // Bytes before the first entry are how one file is an archive to one reader and something else to another.
    if reader.offset() != 0 {
        return Err(ArchiveError::Ambiguous);
    }
    if reader.len() > MAX_ENTRIES {
        return Err(ArchiveError::TooManyEntries);
    }
    let mut found = None;
    let mut unpacked = 0_u64;
    for index in 0..reader.len() {
        let entry = reader.by_index_raw(index).map_err(damaged)?;
        unpacked = unpacked.saturating_add(entry.size());
        if unpacked > unpacked_limit(archive.len()) {
            return Err(ArchiveError::Bomb);
        }
        let name = entry.name().map_err(damaged)?.into_owned();
        let parts = parts(&name)?;
        let is_wanted = matches!(parts.as_slice(), [folder, file]
            if folder.ends_with(folder_end) && file.eq_ignore_ascii_case(wanted));
        if !is_wanted {
            continue;
        }
        if entry.is_symlink() || !entry.is_file() {
            return Err(ArchiveError::NotAFile);
        }
        if found.is_some() || parts.get(1) != Some(&wanted) {
            return Err(ArchiveError::Ambiguous);
        }
        found = Some(index);
    }
    let Some(index) = found else { return Ok(None) };
    let entry = reader.by_index(index).map_err(damaged)?;
    let mut bytes = Vec::new();
    entry.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(ArchiveError::Damaged)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(ArchiveError::TooLarge);
    }
    Ok(Some(bytes))
}

fn damaged(error: ZipError) -> ArchiveError {
    match error {
        ZipError::Io(error) => ArchiveError::Damaged(error),
        error => ArchiveError::Damaged(std::io::Error::other(error)),
    }
}
