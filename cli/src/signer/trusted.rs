//! Whose signatures count where the command line says so instead of a project.

use std::path::PathBuf;

use mcp_pin_attest::{MAX_KEY_TEXT_BYTES, PublicKey, Trust};

use crate::{context::Context, error::CommandError, state::read_bounded, ui::sanitize};

/// The keys in files, each a principal of its own.
///
/// # Errors
/// Exit code 2 for a file that is no public key.
pub fn trust_of_keys(context: &Context, keys: &[PathBuf]) -> Result<Trust, CommandError> {
    let mut trust = Trust::new();
    for file in keys {
        let shown = sanitize::one_line(&file.display().to_string());
        let bytes = read_bounded(&context.directory.join(file), MAX_KEY_TEXT_BYTES as u64)?
            .ok_or_else(|| CommandError::usage(format!("there is no file {shown}")))?;
        let text = String::from_utf8(bytes).map_err(|_| CommandError::usage(format!("the key {shown} is not text")))?;
        let key = PublicKey::from_spki_pem(&text)
            .map_err(|error| CommandError::usage(format!("the key {shown} cannot be used: {error}")))?;
        trust.add_key(key.id().key, key);
    }
    Ok(trust)
}
