//! From one live set to the next: only what the events since then are about is read.

use std::{collections::BTreeSet, sync::Arc};

use mcp_pin_model::{
    Ring, ServerName,
    json::{self, Value},
};
use mcp_pin_storage::{Event, Snapshot, StateKind};

use super::{LiveSet, Server, Standing, Stored};
use crate::service::{ServiceError, Settings, settle};

/// How many events are read at once.
const EVENTS: u32 = 1_000;

/// What becomes of a live version that does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Unverified {
    /// It is an error: whoever is about to make it live must not.
    Refuse,
    /// It is not served. Others decided that it is live; everything else that they decided, revocations above all, must
    /// not wait for it.
    Withhold,
}

/// The live set as of the store's last event; `None` when that is the one that it has.
///
/// The cost is that of the events since then, however large the catalogue is.
///
/// # Errors
/// [`ServiceError::Unsound`] when the store is older than the live set, which never goes back, or damaged.
pub(in crate::service) async fn advance(
    snapshot: &mut (dyn Snapshot + '_),
    live: &LiveSet,
    settings: &Settings,
    unverified: Unverified,
) -> Result<Option<LiveSet>, ServiceError> {
    let last = snapshot.last_event().await?;
    if last < live.sequence {
        let problem = format!("the store ends with event {last}, and event {} was seen before", live.sequence);
        return Err(ServiceError::Unsound(problem));
    }
    if last == live.sequence {
        return Ok(None);
    }
    let mut servers = Vec::new();
    for name in servers_of_events(&mut *snapshot, live.sequence, last).await? {
        let before = live.server(&name);
        servers
            .extend(read(snapshot, &name, before.map(|server| &**server), live.rings(), settings, unverified).await?);
    }
    Ok(Some(live.with(last, servers)))
}

/// The servers that the events after one and up to another one are about.
pub(in crate::service) async fn servers_of_events(
    snapshot: &mut (dyn Snapshot + '_),
    mut after: u64,
    last: u64,
) -> Result<BTreeSet<ServerName>, ServiceError> {
    let mut touched = BTreeSet::new();
    while after < last {
        let events = snapshot.events(after, EVENTS).await?;
        let Some(end) = events.last() else { break };
        after = end.sequence;
        for event in &events {
            touched.extend(server_of(event)?);
        }
    }
    Ok(touched)
}

/// Which server an event is about.
///
/// A leaf of a later format says so too, and would be no reason to stop following.
fn server_of(event: &Event) -> Result<Option<ServerName>, ServiceError> {
    let unsound = |problem: String| ServiceError::Unsound(format!("event {}: {problem}", event.sequence));
    let leaf = json::parse(&event.leaf).map_err(|error| unsound(error.to_string()))?;
    let Some(name) = leaf.get("server").and_then(Value::as_str) else { return Ok(None) };
    name.parse().map(Some).map_err(|_| unsound("its server is none".to_owned()))
}

/// Reads one server; `None` when nothing of it was ever live.
async fn read(
    snapshot: &mut (dyn Snapshot + '_),
    name: &ServerName,
    before: Option<&Server>,
    order: &[Ring],
    settings: &Settings,
    unverified: Unverified,
) -> Result<Option<Arc<Server>>, ServiceError> {
    let rings = snapshot.live_rings(Some(name)).await?;
    let glasses = snapshot.break_glasses(Some(name), true).await?;
    let mut submissions: Vec<Stored> = Vec::new();
    for submission in snapshot.once_live(Some(name)).await? {
        let is_live = submission.state.kind() == StateKind::Live;
        // What was served before had verified then, and bytes under a digest do not change.
        if !before.is_some_and(|before| before.knows(&submission)) {
            match settle::manifest(&mut *snapshot, &submission, &settings.roots).await {
                // What is live no longer stands in nobody's way: a revocation must not fail because of it.
                Err(ServiceError::Unsound(problem)) if !is_live || unverified == Unverified::Withhold => {
                    tracing::error!(server = %name, problem = ?problem, "a version whose record does not verify is not served");
                    continue;
                }
                verified => drop(verified?),
            }
        }
        let glass = glasses.iter().find(|glass| glass.submission == submission.id);
        let there = Standing {
            live: rings.iter().filter(|live| live.submission == submission.id).cloned().collect(),
            break_glass_until: glass.map(|glass| glass.expires_at),
        };
        let status = snapshot.version_status(&submission.id).await?;
        submissions.push((submission, there, status));
    }
    if submissions.is_empty() && before.is_none() {
        return Ok(None);
    }
    Server::new(name, &submissions, order, before).map(|server| Some(Arc::new(server)))
}
