//! The root of a registry: followed from the one that the project pins.

use jiff::Timestamp;
use mcp_pin_attest::registry_root::{MAX_ROOT_CHAIN, RegistryRoot, RegistryRootError, RootPin, SignedRoot};
use mcp_pin_model::Digest;
use mcp_pin_registry_client::RegistryClient;

use crate::{commands::registry::connection::client_error, error::CommandError};

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
