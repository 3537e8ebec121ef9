//! Following what other nodes decide.
//!
//! A node is told of a commit by the store, and looks by itself now and then, as a message can get lost. What it then
//! serves rests on what it reads. It never goes backwards: a database that is behind what this node has served is the
//! wrong one, or was restored, and somebody has to look at it.

use std::time::Duration;

use mcp_pin_storage::Watch;

use super::Service;

/// How often to look without being told.
const LOOK: Duration = Duration::from_millis(500);

/// How long to wait before asking again to be told.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Service {
    /// Follows until the future is dropped. Returns at once over a store that this process alone decides over.
    pub async fn follow(&self) {
        let mut lost = false;
        loop {
            match self.inner.store.watch().await {
                Ok(None) => return,
                Ok(Some(watch)) => {
                    lost = false;
                    self.follow_with(watch).await;
                }
                Err(error) if !lost => {
                    lost = true;
                    tracing::warn!(error = &error as &dyn std::error::Error, "other nodes cannot be followed");
                }
                Err(_) => {}
            }
            tokio::time::sleep(ASK_AGAIN).await;
            // Whether it can be read is known before it can be listened to.
            self.catch_up().await;
        }
    }

    /// Follows until the watch is lost.
    async fn follow_with(&self, mut watch: Box<dyn Watch>) {
        loop {
            self.catch_up().await;
            match tokio::time::timeout(LOOK, watch.changed()).await {
                Ok(Err(_)) => return,
                Ok(Ok(())) | Err(_) => {}
            }
        }
    }

    /// Refreshes, and says in the log when that begins or ceases to fail.
    async fn catch_up(&self) {
        use std::sync::atomic::Ordering;
        match self.refresh().await {
            Ok(_) => {
                if self.inner.behind.swap(false, Ordering::AcqRel) {
                    tracing::info!(event.sequence = self.live().sequence, "the database is followed again");
                }
            }
            Err(error) => {
                if !self.inner.behind.swap(true, Ordering::AcqRel) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the database cannot be followed: what was live stays live here, and nothing is decided"
                    );
                }
            }
        }
    }
}
