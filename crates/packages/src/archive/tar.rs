//! Compressed tar archives, as npm and source distributions are.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::{ArchiveError, MAX_ENTRIES, MAX_FILE_BYTES, parts, unpacked_limit};

/// Reads the one file whose name, without the first folder, is wanted: installers strip that folder whatever it is called.
/// `None` where there is none.
///
/// # Errors
/// See [`ArchiveError`].
pub fn file_of_tar_gz(archive: &[u8], wanted: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
    // Installers go on after the end of the first member, so this has to as well.
    let unpacked = Limited { inner: MultiGzDecoder::new(archive), left: unpacked_limit(archive.len()), burst: false };
    let mut reader = tar::Archive::new(unpacked);
    let result = search(&mut reader, wanted);
    if reader.into_inner().burst { Err(ArchiveError::Bomb) } else { result }
}

fn search<R: Read>(reader: &mut tar::Archive<R>, wanted: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
    let mut found = None;
    for (index, entry) in reader.entries().map_err(ArchiveError::Damaged)?.enumerate() {
        if index >= MAX_ENTRIES {
            return Err(ArchiveError::TooManyEntries);
        }
        let mut entry = entry.map_err(ArchiveError::Damaged)?;
        let name = entry.path_bytes();
        let name = String::from_utf8_lossy(&name).into_owned();
        let parts = parts(&name)?;
        let is_wanted = matches!(parts.as_slice(), [_, file] if file.eq_ignore_ascii_case(wanted));
        if !is_wanted {
            continue;
        }
        if !entry.header().entry_type().is_file() {
            return Err(ArchiveError::NotAFile);
        }
        if found.is_some() {
            return Err(ArchiveError::Ambiguous);
        }
        if entry.size() > MAX_FILE_BYTES {
            return Err(ArchiveError::TooLarge);
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(ArchiveError::Damaged)?;
        // On a file system that does not tell case apart the other spelling is the same file; where it does, it is none.
        if parts.get(1) != Some(&wanted) {
            return Err(ArchiveError::Ambiguous);
        }
        found = Some(bytes);
    }
    Ok(found)
}

/// Ends a stream that grows too large, and says so.
struct Limited<R> {
    inner: R,
    left: u64,
    burst: bool,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)) {
            Some(left) => {
                self.left = left;
                Ok(read)
            }
            None => {
                self.burst = true;
                Err(io::Error::other("the archive unpacks to more than it may"))
            }
        }
    }
}
