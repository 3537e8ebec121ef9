//! The first live set: read from the store once, and every signature of what is live checked on the way.

use std::{collections::BTreeMap, num::NonZero, sync::Arc};

use mcp_pin_model::ServerName;
use mcp_pin_storage::{StateKind, Store, Submission};
use tokio::task::JoinSet;

use super::{LiveSet, Server, Standing, Stored};
use crate::service::{ServiceError, Settings, doctor};

/// How many submissions are read, and how many are checked, at once.
const BATCH: u32 = 128;

/// Reads the live set, and checks everything live.
///
/// The store is read once and in batches: beside the live set itself, memory holds a few batches of records and one
/// bundle for each thread that checks.
///
/// # Errors
/// [`ServiceError::Unsound`] with what was found; store errors.
pub(in crate::service) async fn start(store: &Arc<dyn Store>, settings: &Settings) -> Result<LiveSet, ServiceError> {
    let mut snapshot = store.read().await?;
    let sequence = snapshot.last_event().await?;
    let mut rings: BTreeMap<String, (ServerName, Standing)> = BTreeMap::new();
    for live in snapshot.live_rings(None).await? {
        let of_this = rings.entry(live.submission.as_str().to_owned());
        of_this.or_insert_with(|| (live.server.clone(), Standing::default())).1.live.push(live);
    }
    for glass in snapshot.break_glasses(None, true).await? {
        if let Some((_, there)) = rings.get_mut(glass.submission.as_str()) {
            there.break_glass_until = Some(glass.expires_at);
        }
    }
    let mut checks = Checks::new(store, settings);
    let mut servers: Vec<Arc<Server>> = Vec::new();
    let mut statuses = BTreeMap::new();
    for status in snapshot.version_statuses().await? {
        statuses.insert(status.submission.as_str().to_owned(), status);
    }
    let mut same: Vec<Stored> = Vec::new();
    let mut after: Option<Submission> = None;
    loop {
        let batch = snapshot.once_live_after(after.as_ref(), BATCH).await?;
        let live: Vec<_> = batch.iter().filter(|one| one.state.kind() == StateKind::Live).cloned().collect();
        checks.add(live).await?;
        after = batch.last().cloned();
        let at_end = after.is_none();
        for submission in batch {
            if same.last().is_some_and(|(last, ..)| last.server != submission.server) {
                servers.extend(finish(&mut same, settings)?);
            }
            let there = match rings.remove(submission.id.as_str()) {
                Some((server, there)) if server == submission.server => there,
                Some((server, _)) => {
                    let problem =
                        format!("submission {}, live as {server}, is of {}", submission.id, submission.server);
                    return Err(ServiceError::Unsound(problem));
                }
                None => Standing::default(),
            };
            doctor::check_state(&submission, &there.live, settings)?;
            let status = statuses.remove(submission.id.as_str());
            same.push((submission, there, status));
        }
        if at_end {
            break;
        }
    }
    servers.extend(finish(&mut same, settings)?);
    if let Some((submission, (server, _))) = rings.pop_first() {
        return Err(ServiceError::Unsound(format!("{server}: what is live, submission {submission}, never went live")));
    }
    checks.finish().await?;
    Ok(LiveSet::empty(settings.rings.names()).with(sequence, servers))
}

/// Makes a server of what was collected of it.
fn finish(same: &mut Vec<Stored>, settings: &Settings) -> Result<Option<Arc<Server>>, ServiceError> {
    let submissions = std::mem::take(same);
    let Some((first, ..)) = submissions.first() else { return Ok(None) };
    Server::new(&first.server, &submissions, &settings.rings.names(), None).map(|server| Some(Arc::new(server)))
}

/// Checks that run beside the reading, as many as there are processors.
struct Checks<'s> {
    store: &'s Arc<dyn Store>,
    settings: &'s Settings,
    running: JoinSet<Result<(), ServiceError>>,
    at_once: usize,
}

impl<'s> Checks<'s> {
    fn new(store: &'s Arc<dyn Store>, settings: &'s Settings) -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { store, settings, running: JoinSet::new(), at_once }
    }

    /// Checks these, once fewer than enough are being checked.
    async fn add(&mut self, submissions: Vec<Submission>) -> Result<(), ServiceError> {
        if submissions.is_empty() {
            return Ok(());
        }
        while self.running.len() >= self.at_once {
            self.next().await?;
        }
        let (store, settings) = (Arc::clone(self.store), self.settings.clone());
        self.running.spawn(async move {
            // A view of its own. Bundles and reports never change, so it does not matter that it is a later one.
            let mut snapshot = store.read().await?;
            for submission in &submissions {
                doctor::check_documents(&mut *snapshot, submission, &settings).await?;
            }
            Ok(())
        });
        Ok(())
    }

    /// Waits until one has come to its end.
    async fn next(&mut self) -> Result<(), ServiceError> {
        match self.running.join_next().await {
            None => Ok(()),
            Some(Ok(checked)) => checked,
            Some(Err(error)) => Err(ServiceError::Internal(format!("a check ended early: {error}"))),
        }
    }

    /// Waits until all have.
    async fn finish(mut self) -> Result<(), ServiceError> {
        while !self.running.is_empty() {
            self.next().await?;
        }
        Ok(())
    }
}
