//! Who follows the event log is told here that there is more of it.
//!
//! A decision of this process says so itself. What another node decided is seen by [`super::follow`], for all followers
//! together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Service;

/// How many streams one process feeds at most: each holds a connection and, while it catches up, a reader of the database.
pub const MAX_FOLLOWERS: usize = 128;

/// The end of the event log, as far as this process knows, and whether the process stops.
pub(super) struct Feed {
    last: watch::Sender<u64>,
    stopping: watch::Sender<bool>,
    places: Arc<Semaphore>,
}

/// A place among the followers, given back when it is dropped.
pub struct Follower {
    last: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    _place: Option<OwnedSemaphorePermit>,
}

/// What a follower waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// There may be events after those that were seen.
    More,
    /// The process stops.
    Stopping,
}

impl Feed {
    pub(super) fn new(last: u64) -> Self {
        Self {
            last: watch::Sender::new(last),
            stopping: watch::Sender::new(false),
            places: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
        }
    }

    /// Whether the process stops.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Notes that the log reaches this far.
    pub(super) fn reached(&self, sequence: u64) {
        self.last.send_if_modified(|last| {
            let more = sequence > *last;
            *last = sequence.max(*last);
            more
        });
    }
}

impl Follower {
    /// How far the log reaches, as far as this process knows.
    #[must_use]
    pub fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Waits until the log goes on after `seen`.
    pub async fn news(&mut self, seen: u64) -> News {
        if *self.stopping.borrow() {
            return News::Stopping;
        }
        tokio::select! {
            more = self.last.wait_for(|last| *last > seen) => match more {
                Ok(_) => News::More,
                Err(_) => News::Stopping,
            },
            // The sender lives as long as the service, so an error is its end.
            _ = self.stopping.wait_for(|stopping| *stopping) => News::Stopping,
        }
    }
}

impl Service {
    /// A place among the followers of the event log; none while there are [`MAX_FOLLOWERS`].
    #[must_use]
    pub fn follow(&self) -> Option<Follower> {
        let place = Arc::clone(&self.inner.feed.places).try_acquire_owned().ok()?;
        Some(Follower { _place: Some(place), ..self.watch_events() })
    }

    /// Follows for the process itself, beside all places.
    pub(crate) fn watch_events(&self) -> Follower {
        Follower {
            last: self.inner.feed.last.subscribe(),
            stopping: self.inner.feed.stopping.subscribe(),
            _place: None,
        }
    }

    /// How many follow.
    #[must_use]
    pub fn followers(&self) -> usize {
        MAX_FOLLOWERS.saturating_sub(self.inner.feed.places.available_permits())
    }

    /// Ends what follows: an open stream would hold up the end of the process.
    pub fn stop_following(&self) {
        self.inner.feed.stopping.send_replace(true);
    }
}
