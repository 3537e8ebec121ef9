//! Reading one file out of an archive in memory (threat T86).
//!
//! Nothing is written to disk, so that names, links and modes in an archive have no power. They still make it worthless
//! as evidence: where an installer and this reader could see two different files, neither is read.

mod tar;
mod zip;

use thiserror::Error;

pub use self::{tar::file_of_tar_gz, zip::file_of_zip};

/// The most bytes of an archive that is hashed: servers have a few MiB, those that bring a browser or a model a few hundred.
pub const MAX_ARCHIVE_BYTES: u64 = 1 << 30;

/// The most bytes of an archive that is kept in memory to be read; of a larger one only the digests are known.
pub const MAX_READ_BYTES: usize = 64 << 20;

/// The most bytes that an archive may unpack to while one file in it is looked for.
pub const MAX_UNPACKED_BYTES: u64 = 256 << 20;

/// How many times larger than itself an archive may unpack, beyond a MiB: text compresses to a tenth, bombs to a thousandth.
pub const MAX_RATIO: u64 = 100;

/// The most entries: the largest packages have some ten thousand files.
pub const MAX_ENTRIES: usize = 50_000;

/// The largest file that is read as evidence: a README is part of Python's metadata.
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// Why an archive is no evidence.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// Not an archive, or a damaged one.
    #[error("the archive cannot be read")]
    Damaged(#[source] std::io::Error),
    /// Too many entries.
    #[error("the archive has more than {MAX_ENTRIES} entries")]
    TooManyEntries,
    /// It unpacks to more than it should.
    #[error("the archive unpacks to far more than its size")]
    Bomb,
    /// A name that leads out of the directory it is unpacked to.
    #[error("the archive holds a name that leads out of it")]
    Escape,
    /// The file is a link or a device.
    #[error("the file in the archive is not a regular file")]
    NotAFile,
    /// The file is there twice, and which one counts is a matter of the reader.
    #[error("the archive holds the file twice")]
    Ambiguous,
    /// The file is larger than such files are.
    #[error("the file in the archive is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
}

/// The most bytes that an archive of this size may unpack to.
fn unpacked_limit(archive: usize) -> u64 {
    let archive = u64::try_from(archive).unwrap_or(u64::MAX);
    archive.saturating_mul(MAX_RATIO).saturating_add(1 << 20).min(MAX_UNPACKED_BYTES)
}

/// The parts of a name, where it stays inside. `.` is no part.
fn parts(name: &str) -> Result<Vec<&str>, ArchiveError> {
    let is_absolute = name.starts_with(['/', '\\']) || name.as_bytes().get(1) == Some(&b':');
    if is_absolute || name.contains('\0') {
        return Err(ArchiveError::Escape);
    }
    let parts: Vec<&str> = name.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") { Err(ArchiveError::Escape) } else { Ok(parts) }
}
