//! Delivers events to webhooks: each in the order of the log, from where it stands, by one process at a time.
//!
//! A delivery counts when its place is committed, after the receiver accepted it. So a process that ends in between delivers
//! once more: at least once, never out of order, and the message has the same id each time.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use tokio::task::JoinSet;

use super::{Message, Outcome, Sender};
use crate::service::{
    News, Service, ServiceError, Target, WebhookId,
    webhooks::{Attempt, is_due},
};

/// How often webhooks are looked at when nothing is decided: a pause may be over, or another process may have ended.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How many events are read at once.
const BATCH: u32 = 100;

/// How many webhooks are told something at once; the others wait.
const CONCURRENT: usize = 8;

/// Delivers events until the registry stops.
pub struct Dispatcher {
    service: Service,
    sender: Sender,
    /// Which process this is, among those that share the store.
    owner: String,
    /// Those that are being told something by this process.
    busy: Arc<Mutex<BTreeSet<String>>>,
}

impl Dispatcher {
    /// A dispatcher under a name of its own.
    #[must_use]
    pub fn new(service: Service, sender: Sender, owner: String) -> Self {
        Self { service, sender, owner, busy: Arc::default() }
    }

    /// Delivers until [`Service::stop_following`].
    pub async fn run(self) {
        let mut events = self.service.watch_events();
        let mut rounds = JoinSet::new();
        loop {
            let last = events.last();
            if let Err(error) = self.start_rounds(&mut rounds, last).await {
                tracing::warn!(error = %error, "webhooks cannot be read");
            }
            // At most one look per decision: those that are busy go on by themselves.
            let news = tokio::time::timeout(LOOK_INTERVAL, events.news(last)).await;
            while rounds.try_join_next().is_some() {}
            if matches!(news, Ok(News::Stopping)) {
                break;
            }
        }
        // What is under way is noted; what is not, is delivered by whoever comes next.
        rounds.join_all().await;
    }

    async fn start_rounds(&self, rounds: &mut JoinSet<()>, last: u64) -> Result<(), ServiceError> {
        let webhooks = self.service.all_webhooks().await?;
        measure(&webhooks, last);
        for webhook in webhooks {
            if webhook.position >= last || !is_due(&webhook, self.service.now()) || rounds.len() >= CONCURRENT {
                continue;
            }
            let Some(mut busy) = Busy::take(&self.busy, &webhook.id) else { continue };
            let (service, sender, owner) = (self.service.clone(), self.sender.clone(), self.owner.clone());
            rounds.spawn(async move {
                let id = webhook.id.clone();
                if let Err(error) = round(&service, &sender, &owner, &id).await {
                    tracing::warn!(error = %error, webhook = %id, "a webhook cannot be told anything");
                    // What is damaged, or sealed with another key, does not get better by looking again each second.
                    busy.for_good = matches!(error, ServiceError::Unsound(_));
                }
                drop(busy);
            });
        }
        Ok(())
    }
}

/// Tells one webhook everything that there is, until one delivery fails.
async fn round(service: &Service, sender: &Sender, owner: &str, id: &WebhookId) -> Result<(), ServiceError> {
    let Some(mut target) = service.claim_webhook(id, owner).await? else { return Ok(()) };
    loop {
        let events = service.events_after(target.webhook.position, BATCH).await?;
        let Some(end) = events.last().map(|event| event.sequence) else { break };
        for event in &events {
            if !target.wants(&crate::service::leaf(event)?) {
                continue;
            }
            let message = Message::of_event(id.as_str(), event, target.form)?;
            let attempt = match deliver(service, sender, &target, &message).await {
                Outcome::Delivered { .. } => Attempt::Told(event.sequence),
                Outcome::Gone => Attempt::Gone,
                Outcome::Failed { problem, retry_after } => Attempt::Failed {
                    problem,
                    least_pause: retry_after.and_then(|pause| SignedDuration::try_from(pause).ok()),
                },
            };
            match service.note_attempt(target.webhook, attempt).await? {
                Some(webhook) => target.webhook = webhook,
                None => return Ok(()),
            }
        }
        if target.webhook.position < end {
            // What it did not want.
            match service.note_attempt(target.webhook, Attempt::Told(end)).await? {
                Some(webhook) => target.webhook = webhook,
                None => return Ok(()),
            }
        }
    }
    service.release_webhook(target.webhook).await
}

/// One attempt, with its log line and its numbers.
async fn deliver(service: &Service, sender: &Sender, target: &Target, message: &Message) -> Outcome {
    let start = tokio::time::Instant::now();
    let timestamp = service.now().as_second();
    let outcome = sender.deliver(&target.webhook.url, message, &target.secrets, timestamp).await;
    let duration = start.elapsed();
    let word = match &outcome {
        Outcome::Delivered { .. } => "delivered",
        Outcome::Gone => "gone",
        Outcome::Failed { problem, .. } => {
            tracing::warn!(webhook = %target.webhook.id, message.id = message.id, problem, "a delivery failed");
            "failed"
        }
    };
    metrics::counter!("mcp_pin_registry_webhook_deliveries_total", "outcome" => word).increment(1);
    metrics::histogram!("mcp_pin_registry_webhook_delivery_duration_seconds").record(duration.as_secs_f64());
    outcome
}

#[expect(clippy::cast_precision_loss, reason = "nothing here is counted beyond 2^52")]
fn measure(webhooks: &[crate::service::Webhook], last: u64) {
    let is_active = |webhook: &&crate::service::Webhook| webhook.state == crate::service::WebhookState::Active;
    let active = webhooks.iter().filter(is_active).count();
    let failing = webhooks.iter().filter(is_active).filter(|webhook| webhook.failing.is_some()).count();
    let behind = webhooks.iter().filter(is_active).map(|webhook| last.saturating_sub(webhook.position)).max();
    for (state, count) in [("active", active - failing), ("failing", failing), ("disabled", webhooks.len() - active)] {
        metrics::gauge!("mcp_pin_registry_webhooks", "state" => state).set(count as f64);
    }
    metrics::gauge!("mcp_pin_registry_webhook_backlog").set(behind.unwrap_or(0) as f64);
}

/// That a webhook is being told something; it ends when this is dropped.
struct Busy {
    all: Arc<Mutex<BTreeSet<String>>>,
    id: String,
    /// Whether this process never tries again.
    for_good: bool,
}

impl Busy {
    fn take(all: &Arc<Mutex<BTreeSet<String>>>, id: &WebhookId) -> Option<Self> {
        let id = id.to_string();
        let mut busy = all.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(id.clone()).then(|| Self { all: Arc::clone(all), id, for_good: false })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if !self.for_good {
            self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        }
    }
}
