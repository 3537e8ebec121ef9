//! Meeting a registry's log for its state: what is live and revoked now, held against everything that was seen before.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use mcp_pin_model::{Digest, Lockfile, ServerName, StateSnapshot, lockfile::LockedRegistry};
use mcp_pin_registry_client::{ClientError, RegistryClient};
use mcp_pin_tlog::{Checkpoint, Hash, LogKeys};
use url::Url;

use super::{KnownLog, LogProblem, StateProblem, StateRecord, VerifiedState, check_age, follow};
use crate::state::State;

/// How often it is asked again where the parts of a state are gone: another state has come meanwhile.
const ATTEMPTS: u32 = 5;

/// How long it is waited in between.
const PAUSE: Duration = Duration::from_millis(200);

/// What a project has of a registry's log: what is in its lock, and the signed checkpoint of that, where it is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct LockedLog {
    pub(crate) registry: Option<LockedRegistry>,
    pub(crate) signed: Vec<u8>,
}

impl LockedLog {
    /// What a project's lock has of a registry's log.
    pub(crate) fn of(state: &State, lock: &Lockfile, url: &Url) -> Self {
        let Some(registry) = lock.registry(url).cloned() else { return Self::default() };
        // It is evidence if the log is another one now, and nothing else: where it is damaged, what the lock says counts.
        let signed = state.registry_state(&registry).ok().and_then(|record| record.checkpoint().ok());
        Self { registry: Some(registry), signed: signed.unwrap_or_default() }
    }
}

/// Fetches the state, with the parts of these servers. Nothing is given back that does not continue what this machine and the
/// lock have seen of the log, is old, or leaves out what was decided last. What was seen is noted.
///
/// # Errors
/// See [`LogProblem`].
pub(crate) async fn contact(
    client: &RegistryClient,
    keys: &LogKeys,
    known: Option<&KnownLog>,
    locked: &LockedLog,
    servers: &[ServerName],
    now: Timestamp,
) -> Result<(StateRecord, VerifiedState), LogProblem> {
    let mut attempt = 1;
    let record = loop {
        match fetch(client, servers).await {
            Err(LogProblem::Client(ClientError::NotFound { .. })) if attempt < ATTEMPTS => attempt += 1,
            fetched => break fetched?,
        }
        tokio::time::sleep(PAUSE).await;
    };
    let state = record.verify(keys, now)?;
    let shown = state.checkpoint();
    if let Some(registry) = &locked.registry {
        let seen = Checkpoint {
            origin: registry.origin.clone(),
            size: registry.size,
            root: Hash::from_bytes(*registry.root.as_bytes()),
            extensions: Vec::new(),
        };
        follow(client, &seen, shown, known, &locked.signed).await?;
    }
    if let Some(known) = known
        && let Some(seen) = known.checkpoint()?
    {
        follow(client, &seen, shown, Some(known), &known.signed()?).await?;
    }
    check_age(shown, now)?;
    state.check_last()?;
    state.check_time(now)?;
    if let Some(known) = known {
        known.keep(shown.checkpoint().size, shown.bytes())?;
    }
    Ok((record, state))
}

async fn fetch(client: &RegistryClient, servers: &[ServerName]) -> Result<StateRecord, LogProblem> {
    let answer = client.state().await?.ok_or(StateProblem::Withheld)?;
    // Which parts there are is what the answer says. They are held against it when everything is there.
    let snapshot =
        StateSnapshot::from_bytes(answer.snapshot.as_bytes()).map_err(|error| StateProblem::Form(error.to_string()))?;
    let revocations = part(client, &snapshot.revocations).await?;
    let mut parts = BTreeMap::new();
    for name in servers.iter().map(StateSnapshot::part_of) {
        if let Some(digest) = snapshot.servers.get(&name)
            && !parts.contains_key(&name)
        {
            parts.insert(name, part(client, digest).await?);
        }
    }
    Ok(StateRecord::new(answer.snapshot, answer.entry, answer.receipt, revocations, parts))
}

async fn part(client: &RegistryClient, digest: &Digest) -> Result<String, LogProblem> {
    let bytes = client.state_part(digest).await?;
    String::from_utf8(bytes).map_err(|_| StateProblem::Form("a part is not UTF-8 text".to_owned()).into())
}

/// What a lock keeps of a state's log.
pub(crate) fn locked_registry(url: &Url, state: &VerifiedState) -> LockedRegistry {
    let checkpoint = state.checkpoint().checkpoint();
    LockedRegistry {
        url: url.clone(),
        origin: checkpoint.origin.clone(),
        size: checkpoint.size,
        root: Digest::from_bytes(*checkpoint.root.as_bytes()),
    }
}
