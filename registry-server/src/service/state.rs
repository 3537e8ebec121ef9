//! The signed state: what the log commits to beside decisions.
//!
//! After decisions, and before the last snapshot grows old, a snapshot of what is live and revoked becomes an event, directly
//! after those that it takes into account. Only the parts are made anew whose servers those events were about.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::{
    Digest, ServerName, StateRevocations, StateServers, StateSnapshot,
    leaf::{Leaf, LeafType},
    state::{MAX_STATE_LIFETIME, STATE_VERSION, Standing, StateError, StateRevocation, VersionState},
};
use mcp_pin_storage::{Snapshot, StateKind, StoredState};

use super::{
    LiveSet, Service, ServiceError,
    decision::{Deciding, to_its_end},
    live::servers_of_events,
};

/// When a snapshot is followed by another one though nothing was decided: clients that fetch one can go on without the
/// registry for nearly as long as one may be believed.
const RENEWED_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// For how many events older snapshots are kept: whoever fetched one a moment ago still finds its parts.
const KEPT_EVENTS: u64 = 200;

/// Who commits to the state.
const ACTOR: &str = "registry";

/// The parts of the snapshot that was committed to last.
pub(super) struct Committed {
    /// The sequence of the snapshot's event.
    sequence: u64,
    /// By name: the digest, and the servers of the part.
    parts: BTreeMap<String, Part>,
}

/// Shared by all snapshots that have it.
#[derive(Clone)]
struct Part {
    digest: Digest,
    servers: Arc<BTreeSet<ServerName>>,
}

/// A snapshot, and the entry of the log that commits to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateView {
    /// The snapshot's bytes.
    pub snapshot: Vec<u8>,
    /// The bytes of the entry.
    pub entry: Vec<u8>,
    /// The entry's index: the first is 0.
    pub index: u64,
}

impl Service {
    /// Commits to the state, as an event, where something was decided since the last time or that grows old. `origin` is that
    /// of the log. Gives back the sequence of the last event that commits to the state.
    ///
    /// # Errors
    /// Store errors; [`ServiceError::Unsound`] for a last snapshot that is none.
    pub async fn commit_state(&self, origin: &str) -> Result<u64, ServiceError> {
        let now = self.inner.clock.now();
        if let Some(last) = last_unless_due(&mut *self.inner.store.read().await?, origin, now).await? {
            return Ok(last);
        }
        let (service, origin) = (self.clone(), origin.to_owned());
        to_its_end(async move {
            let mut committed = service.inner.committed.lock().await;
            let mut deciding = service.deciding().await?;
            // Another node may have done it since.
            let at = deciding.at;
            if let Some(last) = last_unless_due(&mut *deciding.tx, &origin, at).await? {
                return Ok(last);
            }
            let next = commit_to(&mut deciding, committed.as_ref(), origin).await?;
            deciding.commit().await?;
            Ok(committed.insert(next).sequence)
        })
        .await
    }

    /// The last snapshot that a log of so many entries commits to.
    ///
    /// # Errors
    /// Store errors; [`ServiceError::Unsound`] where its event is gone.
    pub async fn state_snapshot(&self, entries: u64) -> Result<Option<StateView>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let Some(state) = snapshot.state_snapshot(entries).await? else { return Ok(None) };
        let index = state.sequence - 1;
        let event = snapshot.events(index, 1).await?.pop().filter(|event| event.sequence == state.sequence);
        let event = event.ok_or_else(|| ServiceError::Unsound(format!("event {} is missing", state.sequence)))?;
        Ok(Some(StateView { snapshot: state.document, entry: event.leaf, index }))
    }

    /// A part of a snapshot, by its digest.
    ///
    /// # Errors
    /// Store errors.
    pub async fn state_part(&self, digest: &Digest) -> Result<Option<Vec<u8>>, ServiceError> {
        Ok(self.inner.store.read().await?.state_part(digest).await?)
    }
}

/// The sequence of the last snapshot's event, unless another one is due.
async fn last_unless_due(
    snapshot: &mut (dyn Snapshot + '_),
    origin: &str,
    now: Timestamp,
) -> Result<Option<u64>, ServiceError> {
    let Some(last) = snapshot.state_snapshot(u64::MAX).await? else { return Ok(None) };
    // A clock that was set back does not keep the state from being committed to.
    let said = read(&last)?;
    let is_old = now.duration_since(said.issued).abs() >= RENEWED_AFTER;
    // A registry that has moved to another address has another log.
    let is_current = said.origin == origin && snapshot.last_event().await? == last.sequence;
    Ok((is_current && !is_old).then_some(last.sequence))
}

fn read(state: &StoredState) -> Result<StateSnapshot, ServiceError> {
    StateSnapshot::from_bytes(&state.document).map_err(|error| unsound(&error))
}

fn unsound(error: &StateError) -> ServiceError {
    ServiceError::Unsound(format!("the state: {error}"))
}

/// Makes the snapshot, keeps it and its new parts, and appends its event.
async fn commit_to(
    deciding: &mut Deciding<'_>,
    committed: Option<&Committed>,
    origin: String,
) -> Result<Committed, ServiceError> {
    let live = deciding.inner.live.load_full();
    let log_size = deciding.tx.last_event().await?;
    if live.sequence != log_size {
        let problem =
            format!("the store ends with event {log_size}, and what is live is as of event {}", live.sequence);
        return Err(ServiceError::Unsound(problem));
    }
    let last = deciding.tx.state_snapshot(u64::MAX).await?;
    let previous = last.as_ref().map(read).transpose()?;
    let mut documents = Vec::new();
    let parts = match committed {
        Some(committed) => {
            let touched = servers_of_events(&mut *deciding.tx, committed.sequence, log_size).await?;
            committed.with(&live, touched, &mut documents)?
        }
        None => parts_of(&live, BTreeMap::new(), live.servers().map(|server| server.name().clone()), &mut documents)?,
    };
    let revoked = deciding.tx.revocations().await?;
    let revoked: BTreeSet<StateRevocation> =
        revoked.iter().map(|it| StateRevocation::of(it.revocation.scope, &it.revocation.target)).collect();
    let revocations = StateRevocations(revoked.into_iter().collect()).to_bytes().map_err(|error| unsound(&error))?;
    let snapshot = StateSnapshot {
        v: STATE_VERSION,
        origin,
        log_size,
        issued: deciding.at,
        expires: deciding.at.saturating_add(MAX_STATE_LIFETIME).unwrap_or(deciding.at),
        previous: last.as_ref().map(|last| Digest::of(&last.document)),
        revocations: Digest::of(&revocations),
        servers: parts.iter().map(|(name, part)| (name.clone(), part.digest)).collect(),
    };
    documents.push((snapshot.revocations, revocations));

    let document = snapshot.to_bytes().map_err(|error| unsound(&error))?;
    let mut leaf = Leaf::new(LeafType::StateCommitted, deciding.at, ACTOR);
    leaf.target = Some(Digest::of(&document).to_string());
    deciding.log(&leaf).await?;
    let sequence = log_size + 1;
    let before = previous.as_ref().map(digests_of).unwrap_or_default();
    let now = digests_of(&snapshot);
    documents.retain(|(digest, _)| !before.contains(digest));
    let gone: Vec<Digest> = before.difference(&now).copied().collect();
    deciding.tx.add_state_snapshot(&StoredState { sequence, document }, &documents).await?;
    deciding.tx.replace_state_parts(&gone, sequence).await?;
    deciding.tx.forget_state_before(sequence.saturating_sub(KEPT_EVENTS)).await?;
    Ok(Committed { sequence, parts })
}

fn digests_of(snapshot: &StateSnapshot) -> BTreeSet<Digest> {
    snapshot.servers.values().copied().chain([snapshot.revocations]).collect()
}

impl Committed {
    /// The parts, after something was decided about these servers.
    fn with(
        &self,
        live: &LiveSet,
        touched: BTreeSet<ServerName>,
        documents: &mut Vec<(Digest, Vec<u8>)>,
    ) -> Result<BTreeMap<String, Part>, ServiceError> {
        let names: BTreeSet<String> = touched.iter().map(StateSnapshot::part_of).collect();
        let (mut same, mut servers) = (BTreeMap::new(), touched);
        for (name, part) in &self.parts {
            if names.contains(name) {
                servers.extend(part.servers.iter().cloned());
            } else {
                same.insert(name.clone(), part.clone());
            }
        }
        parts_of(live, same, servers, documents)
    }
}

/// Adds the parts of these servers to others, and their bytes to the documents.
fn parts_of(
    live: &LiveSet,
    mut parts: BTreeMap<String, Part>,
    servers: impl IntoIterator<Item = ServerName>,
    documents: &mut Vec<(Digest, Vec<u8>)>,
) -> Result<BTreeMap<String, Part>, ServiceError> {
    let mut contents: BTreeMap<String, StateServers> = BTreeMap::new();
    for name in servers {
        // What was never live is no part of the state.
        let Some(server) = live.server(&name) else { continue };
        let versions: BTreeMap<_, _> = server
            .everything()
            .filter_map(|entry| {
                let state = VersionState {
                    manifest: entry.manifest,
                    state: standing(entry.state)?,
                    rings: entry.rings.clone(),
                };
                Some((entry.version.clone(), state))
            })
            .collect();
        contents.entry(StateSnapshot::part_of(&name)).or_default().0.insert(name, versions);
    }
    for (name, servers) in contents {
        let bytes = servers.to_bytes().map_err(|error| unsound(&error))?;
        let digest = Digest::of(&bytes);
        documents.push((digest, bytes));
        parts.insert(name, Part { digest, servers: Arc::new(servers.0.into_keys().collect()) });
    }
    Ok(parts)
}

/// What has become of a version that is or was live; no other one has an entry.
fn standing(state: StateKind) -> Option<Standing> {
    match state {
        StateKind::Live => Some(Standing::Live),
        StateKind::Superseded => Some(Standing::Superseded),
        StateKind::Revoked => Some(Standing::Revoked),
        StateKind::Expired => Some(Standing::Expired),
        StateKind::Pending | StateKind::Approved | StateKind::Rejected => None,
    }
}
