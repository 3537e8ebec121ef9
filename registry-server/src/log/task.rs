//! The log is kept published, as long as the server runs.

use std::{sync::Arc, time::Duration};

use mcp_pin_storage::Store;
use metrics::gauge;

use super::{LogError, Publisher};
use crate::service::{Clock, News, Service};

/// How often it is looked for what this process did not decide itself, and for signatures that grow old.
const TICK: Duration = Duration::from_secs(1);

/// The least time between two checkpoints: what is decided in it shares one. A checkpoint costs a few writes to the disk,
/// and clients are promised one within a second.
const PAUSE: Duration = Duration::from_millis(50);

/// Publishes what is decided, until the process stops. What could not be published is tried again; decisions do not wait
/// for it, since they are durable without it, and clients see by the checkpoint's age that something is wrong.
pub(crate) async fn keep_published(
    mut publisher: Publisher,
    service: Service,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
) {
    let mut following = service.watch_events();
    let mut failing = false;
    loop {
        match publish_what_is_due(&mut publisher, &service, &*store, &*clock).await {
            Ok(()) => failing = false,
            Err(error) => {
                // Once, not every second for as long as the disk is full.
                if !failing {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        hint = error.hint(),
                        "the log is not published"
                    );
                }
                failing = true;
            }
        }
        gauge!("mcp_pin_log_published_entries").set(as_float(publisher.published_size()));
        // While it fails there is always news, which must not be answered at once.
        let seen = if failing { u64::MAX } else { publisher.published_size() };
        match tokio::time::timeout(TICK, following.news(seen)).await {
            Ok(News::Stopping) => break,
            Ok(News::More) => tokio::time::sleep(PAUSE).await,
            Err(_) => {}
        }
    }
    // What was decided last. If it fails, the next start does it.
    if let Err(error) = publish_what_is_due(&mut publisher, &service, &*store, &*clock).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the log is published after the next start");
    }
}

/// First the state, then the log up to its event: a published log ends with what commits to the state, so that whoever has a
/// fresh checkpoint sees when they are shown an old state. Where the state cannot be committed to, the decisions are published
/// all the same, and clients see that.
async fn publish_what_is_due(
    publisher: &mut Publisher,
    service: &Service,
    store: &dyn Store,
    clock: &dyn Clock,
) -> Result<(), LogError> {
    let committed = service.commit_state(publisher.origin()).await;
    let last = match &committed {
        Ok(last) => *last,
        Err(_) => store.read().await?.last_event().await?,
    };
    if publisher.is_due(last, clock.now()) {
        publisher.publish(store, last, clock.now()).await?;
    }
    committed?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 entries")]
fn as_float(entries: u64) -> f64 {
    entries as f64
}
