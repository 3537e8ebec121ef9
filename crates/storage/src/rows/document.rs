//! Documents by digest.

use mcp_pin_model::Digest;

use super::columns::damaged;
use crate::StorageError;

/// What was read must be what was asked for.
///
/// # Errors
/// When the bytes have another digest.
pub fn checked(table: &str, digest: &Digest, bytes: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, StorageError> {
    match bytes {
        Some(bytes) if Digest::of(&bytes) != *digest => {
            Err(damaged(table, format_args!("the bytes under {digest} have another digest")))
        }
        other => Ok(other),
    }
}
