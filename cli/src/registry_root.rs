//! The root of a registry: followed from the one that the project pins.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use mcp_pin_attest::registry_root::{MAX_ROOT_CHAIN, RegistryRoot, RegistryRootError, RootPin, SignedRoot};
use mcp_pin_model::Digest;
use mcp_pin_registry_client::RegistryClient;
use mcp_pin_tlog::VerifierKey;

use crate::{commands::registry::connection::client_error, error::CommandError};

/// What precedes the 32 bytes of an Ed25519 public key in its `SubjectPublicKeyInfo` (RFC 8410 section 4).
const SPKI_PREFIX: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// Follows the chain from the root that is known to the current one, and trusts that one.
///
/// # Errors
/// Exit code 1 for a root that does not follow, is older, another of the same version, or expired, and for a registry that
/// shows none any more; 3 where it cannot be asked.
pub(crate) async fn follow(
    client: &RegistryClient,
    known: &RootPin,
    now: Timestamp,
) -> Result<RegistryRoot, CommandError> {
    let Some(current) = client.root(None).await.map_err(client_error)? else {
        return Err(refused(client, "it shows no root any more, and one is pinned"));
    };
    let newest = signed(client, &current)?.pin();
    let between = newest.version.saturating_sub(known.version);
    if between >= MAX_ROOT_CHAIN as u64 {
        return Err(root_error(client, &RegistryRootError::TooLong));
    }
    let mut chain = Vec::new();
    for version in known.version..newest.version {
        let Some(bytes) = client.root(Some(version)).await.map_err(client_error)? else {
            return Err(refused(client, &format!("version {version} of its root is missing")));
        };
        chain.push(bytes);
    }
    chain.push(current);
    RegistryRoot::verify_chain(known, &chain, now).map_err(|error| root_error(client, &error))
}

/// The first root, trusted by a digest that came from elsewhere, or shown so that somebody can compare it. None where the
/// registry has none.
///
/// # Errors
/// See [`follow`].
pub(crate) async fn first(
    client: &RegistryClient,
    wanted: Option<&Digest>,
    now: Timestamp,
) -> Result<Option<RegistryRoot>, CommandError> {
    let Some(current) = client.root(None).await.map_err(client_error)? else {
        return match wanted {
            Some(_) => Err(refused(client, "it shows no root")),
            None => Ok(None),
        };
    };
    let found = signed(client, &current)?.pin();
    let known = match wanted {
        Some(digest) if *digest != found.digest => {
            // It may be an older one of the same chain: then the chain leads from there to here.
            return by_older(client, digest, &found, now).await.map(Some);
        }
        _ => found,
    };
    RegistryRoot::verify_chain(&known, &[current], now).map(Some).map_err(|error| root_error(client, &error))
}

async fn by_older(
    client: &RegistryClient,
    wanted: &Digest,
    newest: &RootPin,
    now: Timestamp,
) -> Result<RegistryRoot, CommandError> {
    for version in (1..newest.version).rev().take(MAX_ROOT_CHAIN) {
        let Some(bytes) = client.root(Some(version)).await.map_err(client_error)? else { break };
        let pin = signed(client, &bytes)?.pin();
        if pin.digest == *wanted {
            return follow(client, &pin, now).await;
        }
    }
    Err(refused(client, &format!("its root is {}, and {wanted} is wanted", newest.digest)))
}

/// Whether the key that a project knows of a registry's log is the one that its root names.
///
/// # Errors
/// Exit code 1 when it is another one.
pub(crate) fn check_log_key(root: &RegistryRoot, key: &VerifierKey) -> Result<(), CommandError> {
    if log_keys(root)?.contains(key.key()) {
        return Ok(());
    }
    Err(CommandError::failed("the `log-key` of the registry is not one that its root names").hint(
        "its operators may have replaced it: `mcp-pin registry add` follows the root, and writes the key that it names",
    ))
}

/// The Ed25519 keys of the role `log` of a root; none where it has no such role.
///
/// # Errors
/// When one is of another kind.
pub(crate) fn log_keys(root: &RegistryRoot) -> Result<Vec<[u8; 32]>, CommandError> {
    let document = root.document();
    let ids = document.roles.log.iter().flat_map(|role| &role.keyids);
    ids.map(|id| {
        let der = document.keys.get(id).and_then(|key| STANDARD.decode(&key.public_key).ok()).unwrap_or_default();
        let key = der.strip_prefix(&SPKI_PREFIX).and_then(|key| <[u8; 32]>::try_from(key).ok());
        key.ok_or_else(|| CommandError::failed("the key of the log in the registry's root is no Ed25519 key"))
    })
    .collect()
}

fn signed(client: &RegistryClient, bytes: &[u8]) -> Result<SignedRoot, CommandError> {
    SignedRoot::from_bytes(bytes).map_err(|error| root_error(client, &error))
}

fn root_error(client: &RegistryClient, error: &RegistryRootError) -> CommandError {
    refused(client, &error.to_string())
}

fn refused(client: &RegistryClient, problem: &str) -> CommandError {
    CommandError::failed(format!("the registry {} is not the one that is known: {problem}", client.base()))
        .hint("ask whoever runs it, by another way than the registry; a root is pinned as `root` under [[registry]]")
}
