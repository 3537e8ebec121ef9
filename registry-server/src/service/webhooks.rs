//! Webhooks: who is told of events. What is sent, and when, is the dispatcher's; that it happens once at a time and goes on
//! from where it stood is decided here.

use jiff::{SignedDuration, Timestamp};
use mcp_pin_model::leaf::{Leaf, LeafType};
use mcp_pin_storage::{StorageError, Webhook, WebhookFailing, WebhookId, WebhookLease, WebhookState};
use zeroize::Zeroizing;

use super::{Caller, Event, EventFilter, Service, ServiceError, decision::to_its_end, text};
use crate::{
    authorization::{Action, Resource},
    events::{EventForm, ocsf::word},
    webhooks::{Vault, WebhookSecret, sign::SECRET_BYTES},
};

/// How many webhooks there are at most: each is told every decision.
pub const MAX_WEBHOOKS: usize = 50;

/// How long the secret before the present one signs too: long enough for people to change it at the other end.
const ROTATION_OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// How long a process may deliver before it has to say that it still does. Longer than one delivery takes.
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// How long a receiver may fail before it is told nothing more.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// The pause after the first failure; it doubles.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// The longest pause.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// How long a nonce of the vault is.
const NONCE_BYTES: usize = 12;

/// A webhook to be added.
#[derive(Clone, Debug, Default)]
pub struct NewWebhook {
    /// Where to deliver.
    pub url: String,
    /// What it is for; at most [`super::MAX_LABEL_LENGTH`] characters.
    pub label: String,
    /// Which events are wanted. A server or an actor cannot be asked for.
    pub filter: EventFilter,
    /// How events are written.
    pub form: EventForm,
    /// The sequence after which it starts; none for now.
    pub after: Option<u64>,
}

/// A webhook and its secret: the only time that it is seen.
pub struct IssuedWebhook {
    /// Its record.
    pub webhook: Webhook,
    /// What deliveries are signed with, as the receiver is given it.
    pub secret: Zeroizing<String>,
}

/// Everything that one delivery needs.
pub struct Target {
    /// The record, with the lease.
    pub webhook: Webhook,
    /// What to sign with, the newest first.
    pub secrets: Vec<WebhookSecret>,
    /// Which events are wanted.
    pub filter: EventFilter,
    /// How they are written.
    pub form: EventForm,
}

impl Target {
    /// Whether it is told about this. That the log commits to the state follows every decision and is none: only who asks for
    /// that type is told.
    #[must_use]
    pub fn wants(&self, leaf: &Leaf) -> bool {
        let is_asked_for = leaf.kind != LeafType::StateCommitted || self.filter.kinds.is_some();
        is_asked_for && self.filter.matches(leaf)
    }
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Everything up to here is told, or was not wanted.
    Told(u64),
    /// It has to be tried again, not before a pause that the receiver asked for.
    Failed {
        /// Why, in our words.
        problem: String,
        /// The least pause.
        least_pause: Option<SignedDuration>,
    },
    /// The receiver wants nothing any more.
    Gone,
}

impl Service {
    fn vault(&self) -> Result<&Vault, ServiceError> {
        self.inner
            .settings
            .vault
            .as_deref()
            .ok_or_else(|| ServiceError::Internal("there is no key for webhooks".to_owned()))
    }

    fn new_secret(&self, id: &WebhookId) -> Result<(WebhookSecret, Vec<u8>), ServiceError> {
        let (mut bytes, mut nonce) = (Zeroizing::new([0; SECRET_BYTES]), [0; NONCE_BYTES]);
        self.inner.random.fill(bytes.as_mut_slice());
        self.inner.random.fill(&mut nonce);
        let secret = WebhookSecret::new(bytes.as_slice());
        let sealed = self.vault()?.seal(id.as_str(), &secret, nonce);
        Ok((secret, sealed.ok_or_else(|| ServiceError::Internal("a secret cannot be sealed".to_owned()))?))
    }

    /// Adds a webhook. Takes the right to manage them.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for an address that nothing is sent to, and for a filter that webhooks do not have;
    /// [`ServiceError::Exists`] when there are [`MAX_WEBHOOKS`]; store errors.
    pub async fn add_webhook(&self, caller: &Caller, new: NewWebhook) -> Result<IssuedWebhook, ServiceError> {
        self.require_possible(caller, Action::ManageWebhooks)?;
        self.inner
            .settings
            .webhook_targets
            .check(&new.url)
            .map_err(|refusal| ServiceError::Invalid { member: "url", problem: refusal.to_string() })?;
        let label = text::optional("label", &new.label)?;
        if let Some(namespace) = &new.filter.namespace
            && format!("{namespace}/xx").parse::<mcp_pin_model::ServerName>().is_err()
        {
            let problem = "is not a namespace such as `io.example.team`".to_owned();
            return Err(ServiceError::Invalid { member: "namespace", problem });
        }
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::ManageWebhooks, &Resource::registry()).await?;
            if deciding.tx.webhooks().await?.len() >= MAX_WEBHOOKS {
                return Err(ServiceError::Invalid {
                    member: "url",
                    problem: format!("there are {MAX_WEBHOOKS} webhooks already; remove one first"),
                });
            }
            let last = deciding.tx.last_event().await?;
            let position = new.after.unwrap_or(last);
            if position > last {
                let problem = format!("the log ends at {last}");
                return Err(ServiceError::Invalid { member: "after", problem });
            }
            let id: WebhookId = service.inner.new_id(deciding.at)?;
            let (secret, sealed) = service.new_secret(&id)?;
            let webhook = Webhook {
                id,
                url: new.url,
                label,
                types: new.filter.kinds.map(|kinds| kinds.into_iter().map(word).collect()),
                namespace: new.filter.namespace,
                form: form_word(new.form).to_owned(),
                secret: sealed,
                previous_secret: None,
                created_by: caller.principal.clone(),
                created_at: deciding.at,
                position,
                state: WebhookState::Active,
                failing: None,
                lease: None,
                revision: 0,
            };
            deciding.tx.ensure_principal(&webhook.created_by, deciding.at).await?;
            deciding.tx.insert_webhook(&webhook).await?;
            deciding.log(&leaf(LeafType::WebhookAdded, deciding.at, caller.principal.as_str(), &webhook)).await?;
            deciding.commit().await?;
            Ok(IssuedWebhook { secret: secret.to_text(), webhook })
        })
        .await
    }

    /// All webhooks. Takes the right to manage them.
    ///
    /// # Errors
    /// Store errors.
    pub async fn webhooks(&self, caller: &Caller) -> Result<Vec<Webhook>, ServiceError> {
        self.authorize(caller, Action::ManageWebhooks, &Resource::registry()).await?;
        Ok(self.inner.store.read().await?.webhooks().await?)
    }

    /// One webhook. Takes the right to manage them.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn webhook(&self, caller: &Caller, id: &WebhookId) -> Result<Webhook, ServiceError> {
        self.authorize(caller, Action::ManageWebhooks, &Resource::registry()).await?;
        self.inner.store.read().await?.webhook(id).await?.ok_or(ServiceError::NotFound("webhook"))
    }

    /// Removes a webhook. Takes the right to manage them.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn remove_webhook(&self, caller: &Caller, id: &WebhookId) -> Result<(), ServiceError> {
        self.require_possible(caller, Action::ManageWebhooks)?;
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::ManageWebhooks, &Resource::registry()).await?;
            let webhook = deciding.tx.webhook(&id).await?.ok_or(ServiceError::NotFound("webhook"))?;
            deciding.tx.remove_webhook(&id).await?;
            deciding.log(&leaf(LeafType::WebhookRemoved, deciding.at, caller.principal.as_str(), &webhook)).await?;
            deciding.commit().await
        })
        .await
    }

    /// Gives a webhook a new secret; the one before signs too for a day. Takes the right to manage them.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn rotate_webhook(&self, caller: &Caller, id: &WebhookId) -> Result<IssuedWebhook, ServiceError> {
        let (secret, sealed) = self.new_secret(id)?;
        let webhook = self
            .change_webhook(caller, id, LeafType::WebhookRotated, move |webhook, at| {
                let before = std::mem::replace(&mut webhook.secret, sealed);
                // Twice within a day: the one in the middle was never needed by anybody who needs the first.
                webhook.previous_secret = Some((before, at.checked_add(ROTATION_OVERLAP).unwrap_or(at)));
                Ok(())
            })
            .await?;
        Ok(IssuedWebhook { webhook, secret: secret.to_text() })
    }

    /// Tells a disabled webhook again, from where it stood. Takes the right to manage them.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::WrongState`]; store errors.
    pub async fn enable_webhook(&self, caller: &Caller, id: &WebhookId) -> Result<Webhook, ServiceError> {
        self.change_webhook(caller, id, LeafType::WebhookEnabled, |webhook, _| {
            if webhook.state == WebhookState::Active {
                return Err(ServiceError::WrongState("active, not disabled"));
            }
            webhook.state = WebhookState::Active;
            webhook.failing = None;
            Ok(())
        })
        .await
    }

    async fn change_webhook(
        &self,
        caller: &Caller,
        id: &WebhookId,
        kind: LeafType,
        change: impl FnOnce(&mut Webhook, Timestamp) -> Result<(), ServiceError> + Send + 'static,
    ) -> Result<Webhook, ServiceError> {
        self.require_possible(caller, Action::ManageWebhooks)?;
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::ManageWebhooks, &Resource::registry()).await?;
            let mut webhook = deciding.tx.webhook(&id).await?.ok_or(ServiceError::NotFound("webhook"))?;
            change(&mut webhook, deciding.at)?;
            // Whoever is telling it something now finds that the record is another one, and stops after that delivery.
            webhook.lease = None;
            let webhook = deciding.tx.update_webhook(webhook).await?;
            deciding.log(&leaf(kind, deciding.at, caller.principal.as_str(), &webhook)).await?;
            deciding.commit().await?;
            Ok(webhook)
        })
        .await
    }

    /// What one test delivery needs; nothing of the record changes by it. Takes the right to manage them.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn webhook_target(&self, caller: &Caller, id: &WebhookId) -> Result<Target, ServiceError> {
        let webhook = self.webhook(caller, id).await?;
        self.target(webhook)
    }

    fn target(&self, webhook: Webhook) -> Result<Target, ServiceError> {
        let (vault, now) = (self.vault()?, self.now());
        let open = |sealed: &[u8]| {
            vault.open(webhook.id.as_str(), sealed).ok_or_else(|| {
                ServiceError::Unsound(format!("the secret of webhook {} is sealed with another key", webhook.id))
            })
        };
        let mut secrets = vec![open(&webhook.secret)?];
        if let Some((previous, until)) = &webhook.previous_secret
            && now < *until
        {
            secrets.push(open(previous)?);
        }
        let kinds = webhook.types.as_ref().map(|types| {
            // A type that only a newer version knows matches nothing here.
            types
                .iter()
                .filter_map(|word| serde_json::from_value(serde_json::Value::from(word.as_str())).ok())
                .collect()
        });
        let filter = EventFilter { kinds, namespace: webhook.namespace.clone(), ..EventFilter::default() };
        let form = if webhook.form == form_word(EventForm::Ocsf) { EventForm::Ocsf } else { EventForm::Leaf };
        Ok(Target { webhook, secrets, filter, form })
    }

    // What the dispatcher does.

    /// All webhooks, for the dispatcher.
    pub(crate) async fn all_webhooks(&self) -> Result<Vec<Webhook>, ServiceError> {
        Ok(self.inner.store.read().await?.webhooks().await?)
    }

    /// Events after a place, for the dispatcher.
    pub(crate) async fn events_after(&self, after: u64, limit: u32) -> Result<Vec<Event>, ServiceError> {
        Ok(self.inner.store.read().await?.events(after, limit).await?)
    }

    /// Takes a webhook that is due, if nobody else has it; none otherwise. Of several processes that try, one gets it.
    pub(crate) async fn claim_webhook(&self, id: &WebhookId, owner: &str) -> Result<Option<Target>, ServiceError> {
        let mut tx = self.inner.store.begin().await?;
        let Some(mut webhook) = tx.webhook(id).await? else { return Ok(None) };
        let now = self.now();
        if !is_due(&webhook, now) {
            return Ok(None);
        }
        webhook.lease = Some(self.lease(owner));
        // Before it is taken: who cannot open the secret leaves it to a process that can.
        let target = self.target(webhook)?;
        let webhook = match tx.update_webhook(target.webhook).await {
            Ok(webhook) => webhook,
            Err(StorageError::Conflict(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        tx.commit().await?;
        Ok(Some(Target { webhook, ..target }))
    }

    fn lease(&self, owner: &str) -> WebhookLease {
        let now = self.now();
        WebhookLease { owner: owner.to_owned(), until: now.checked_add(LEASE).unwrap_or(now) }
    }

    /// Notes what became of an attempt, and goes on holding the webhook; none when it is not to be told anything more now:
    /// it failed, was changed by somebody, or is not there any more.
    pub(crate) async fn note_attempt(
        &self,
        webhook: Webhook,
        attempt: Attempt,
    ) -> Result<Option<Webhook>, ServiceError> {
        let service = self.clone();
        to_its_end(async move {
            let now = service.now();
            let owner = webhook.lease.as_ref().map(|lease| lease.owner.clone()).unwrap_or_default();
            let mut next = webhook;
            let disable = match attempt {
                Attempt::Told(position) => {
                    next.position = position;
                    next.failing = None;
                    next.lease = Some(service.lease(&owner));
                    None
                }
                Attempt::Failed { problem, least_pause } => {
                    let failing = service.failed_again(next.failing.as_ref(), least_pause, now);
                    let given_up = now.duration_since(failing.since) >= GIVE_UP_AFTER;
                    next.failing = Some(failing);
                    next.lease = None;
                    let hours = GIVE_UP_AFTER.as_hours();
                    given_up.then(|| format!("deliveries failed for {hours} hours; at last: {problem}"))
                }
                Attempt::Gone => {
                    next.lease = None;
                    Some("the receiver answers that it is gone (410)".to_owned())
                }
            };
            let Some(reason) = disable else {
                let goes_on = next.lease.is_some();
                let mut tx = service.inner.store.begin().await?;
                let webhook = match tx.update_webhook(next).await {
                    Ok(webhook) => webhook,
                    // Somebody changed or removed it: what was told may be told again, nothing is left out.
                    Err(StorageError::Conflict(_)) => return Ok(None),
                    Err(error) => return Err(error.into()),
                };
                tx.commit().await?;
                return Ok(goes_on.then_some(webhook));
            };
            let mut deciding = service.deciding().await?;
            next.state = WebhookState::Disabled { at: deciding.at, reason };
            next.failing = None;
            let webhook = match deciding.tx.update_webhook(next).await {
                Ok(webhook) => webhook,
                Err(StorageError::Conflict(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let registry = mcp_pin_storage::PrincipalName::REGISTRY;
            deciding.log(&leaf(LeafType::WebhookDisabled, deciding.at, registry, &webhook)).await?;
            deciding.commit().await?;
            Ok(None)
        })
        .await
    }

    /// Gives a webhook back. That this fails costs the time until its lease ends.
    pub(crate) async fn release_webhook(&self, mut webhook: Webhook) -> Result<(), ServiceError> {
        webhook.lease = None;
        let mut tx = self.inner.store.begin().await?;
        tx.update_webhook(webhook).await?;
        Ok(tx.commit().await?)
    }

    /// Exponential, up to a limit, and a little random: receivers that were away together are not asked together.
    fn failed_again(
        &self,
        before: Option<&WebhookFailing>,
        least: Option<SignedDuration>,
        now: Timestamp,
    ) -> WebhookFailing {
        let attempts = before.map_or(0, |failing| failing.attempts).saturating_add(1);
        let doubled = FIRST_PAUSE.checked_mul(1_i32 << attempts.saturating_sub(1).min(16)).unwrap_or(MAX_PAUSE);
        let pause = doubled.min(MAX_PAUSE).max(least.unwrap_or(SignedDuration::ZERO));
        let mut random = [0; 1];
        self.inner.random.fill(&mut random);
        // Up to a quarter more.
        let jitter = pause.as_millis() * i128::from(random[0]) / (4 * 256);
        let jitter = SignedDuration::from_millis(i64::try_from(jitter).unwrap_or(0));
        WebhookFailing {
            since: before.map_or(now, |failing| failing.since),
            attempts,
            next: now.checked_add(pause + jitter).unwrap_or(now),
        }
    }
}

/// Whether a webhook may be told something now: it is active, its pause is over, and nobody has it.
pub(crate) fn is_due(webhook: &Webhook, now: Timestamp) -> bool {
    webhook.state == WebhookState::Active
        && webhook.failing.as_ref().is_none_or(|failing| failing.next <= now)
        && webhook.lease.as_ref().is_none_or(|lease| lease.until <= now)
}

/// The word of a form in the store and in documents.
#[must_use]
pub fn form_word(form: EventForm) -> &'static str {
    match form {
        EventForm::Leaf => "json",
        EventForm::Ocsf => "ocsf",
    }
}

/// A leaf about a webhook. Its address may hold a secret; the log keeps only whose machine it is.
fn leaf(kind: LeafType, at: Timestamp, actor: &str, webhook: &Webhook) -> Leaf {
    let mut leaf = Leaf::new(kind, at, actor);
    let origin = url::Url::parse(&webhook.url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization());
    leaf.target = Some(format!("{} {origin}", webhook.id));
    leaf
}
