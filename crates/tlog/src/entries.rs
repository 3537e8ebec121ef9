//! Entry bundles: the entries themselves, each behind its length (C2SP `tlog-tiles`, "Log entries").

use thiserror::Error;

use crate::tile::FULL_WIDTH;

/// The longest entry: its length is kept in 16 bits.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// Why bytes are no entry bundle, or entries make none.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntriesError {
    /// An entry is longer than its length can say.
    #[error("an entry of {0} bytes is longer than {MAX_ENTRY_BYTES}")]
    TooLong(usize),
    /// The bytes end within an entry.
    #[error("the bundle ends within an entry")]
    CutOff,
    /// There are not as many entries as there should be.
    #[error("the bundle has {found} entries instead of {expected}")]
    Count {
        /// How many there are, counted up to one more than there may be.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
}

/// Writes a bundle.
///
/// # Errors
/// When an entry is too long.
pub fn write<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Result<Vec<u8>, EntriesError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| EntriesError::TooLong(entry.len()))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Reads a bundle of exactly that many entries.
///
/// # Errors
/// When it is anything else.
pub fn read(bytes: &[u8], count: u64) -> Result<Vec<&[u8]>, EntriesError> {
    let (mut rest, mut entries) = (bytes, Vec::new());
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk().ok_or(EntriesError::CutOff)?;
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(EntriesError::CutOff)?;
        entries.push(entry);
        rest = after;
        // Entries can be empty, so that a few bytes could claim very many of them.
        if entries.len() as u64 > FULL_WIDTH {
            break;
        }
    }
    let found = entries.len() as u64;
    if found == count { Ok(entries) } else { Err(EntriesError::Count { found, expected: count }) }
}
