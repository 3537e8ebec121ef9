//! Credentials: between three columns and the type.

use mcp_pin_attest::IdentityPolicy;
use mcp_pin_model::json;

use super::columns::{damaged, parsed};
use crate::{Credential, StorageError};

/// The columns that hold a credential: the key's PEM or the policy's JSON, and the instance of an identity.
pub(super) type Columns = (String, Option<String>);

/// Reads a credential. `id` is the column that names it, where the table has one for that alone.
pub(super) fn read(
    table: &str,
    id: Option<&str>,
    content: &str,
    instance: Option<&str>,
    key_id: impl FnOnce() -> String,
) -> Result<Credential, StorageError> {
    let credential = match instance {
        None => Credential::Key { id: key_id(), public_key: content.to_owned() },
        Some(instance) => {
            let value = json::parse(content.as_bytes()).map_err(|error| damaged(table, error))?;
            let policy: IdentityPolicy = json::from_value(&value).map_err(|error| damaged(table, error))?;
            Credential::Identity { policy, instance: parsed(table, instance)? }
        }
    };
    if id.is_some_and(|id| id != credential.id()) {
        return Err(damaged(table, "a credential is not the one that its id names"));
    }
    Ok(credential)
}

/// The columns of a credential beside the one that names it.
pub(super) fn columns(credential: &Credential) -> Result<Columns, StorageError> {
    Ok(match credential {
        Credential::Key { public_key, .. } => (public_key.clone(), None),
        Credential::Identity { policy, instance } => {
            let value = json::to_value(policy).map_err(|error| damaged("policy", error))?;
            (value.to_canonical_string(), Some(instance.to_string()))
        }
    })
}
