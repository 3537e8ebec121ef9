//! Following what other nodes decide.
//!
//! A node is told of a commit by the store, where the store can tell, and looks by itself now and then, as a message can
//! get lost. What it then serves rests on what it reads. It never goes backwards: a database that is behind what this
//! node has served is the wrong one, or was restored, and somebody has to look at it.

use std::{error::Error, sync::atomic::Ordering, time::Duration};

use mcp_pin_storage::Watch;

use super::Service;

/// How often to look without being told: decisions of other nodes have to be seen within a second.
const LOOK: Duration = Duration::from_millis(500);

/// How long to wait before asking again to be told.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Service {
    /// Looks for decisions of other nodes, until [`Service::stop_following`]. What readers get follows, and with it who
    /// follows events.
    pub async fn watch_store(self) {
        let mut stopping = self.inner.feed.stopping();
        tokio::select! {
            // The sender lives as long as the service, so an error is its end.
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = self.follow_store() => {}
        }
    }

    async fn follow_store(&self) {
        let mut lost = false;
        loop {
            match self.inner.store.watch().await {
                // It cannot tell, so it is only looked at.
                Ok(None) => loop {
                    tokio::time::sleep(LOOK).await;
                    self.keep_up().await;
                },
                Ok(Some(watch)) => {
                    lost = false;
                    self.follow_with(watch).await;
                }
                Err(error) if !lost => {
                    lost = true;
                    tracing::warn!(error = &error as &dyn Error, "other nodes cannot be followed");
                }
                Err(_) => {}
            }
            tokio::time::sleep(ASK_AGAIN).await;
            // Whether it can be read is known before it can be listened to.
            self.keep_up().await;
        }
    }

    /// Follows until the watch is lost.
    async fn follow_with(&self, mut watch: Box<dyn Watch>) {
        loop {
            self.keep_up().await;
            if let Ok(Err(_)) = tokio::time::timeout(LOOK, watch.changed()).await {
                return;
            }
        }
    }

    /// Refreshes, and says in the log when that begins or ceases to fail.
    async fn keep_up(&self) {
        match self.refresh().await {
            Ok(_) => {
                if self.inner.behind.swap(false, Ordering::AcqRel) {
                    tracing::info!(event.sequence = self.live().sequence, "the database is followed again");
                }
            }
            Err(error) => {
                if !self.inner.behind.swap(true, Ordering::AcqRel) {
                    tracing::error!(
                        error = &error as &dyn Error,
                        "the database cannot be followed: what was live stays live here, and nothing is decided"
                    );
                }
            }
        }
    }
}
