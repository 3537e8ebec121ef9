//! What the registry decides: no HTTP in here, no SQL, no clock and no randomness of its own.
//!
//! Every decision is one transaction of the store: the change of state, the documents it rests on and its events
//! become durable together or not at all. After the commit, and before the caller hears of it, the live set that
//! readers use is replaced. Decisions run one after another and to their end, even when the caller goes away.
//!
//! Who may do what is asked of the policies, in [`Service::authorize`] and inside decisions, and nowhere else.
//!
//! Nothing goes live but by an admitted decision of [`mcp_pin_policy`] over consents that were verified, against the
//! approvers registered now, at that moment.
//!
//! What is live in a ring is one version of each server; the one that it replaced is served there no longer. A revocation
//! of what a ring serves leaves nothing there: it does not bring the one before it back.

mod approvers;
mod authorize;
mod break_glass;
mod consent;
mod decision;
mod doctor;
mod drafts;
mod drift;
mod due;
mod environment;
mod error;
mod evidence;
mod examine;
mod exchange;
mod feed;
mod follow;
mod grants;
mod live;
mod login;
mod names;
mod nodes;
mod offboard;
mod once;
mod operator;
mod queries;
mod reject;
mod resolve;
mod revoke;
mod rings;
mod rollback;
mod rollout;
mod rotate;
mod search;
mod settle;
mod signers;
mod state;
mod status;
mod steer;
mod submit;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod types;
mod waiting;
pub(crate) mod webhooks;

use std::sync::Arc;

use jiff::Timestamp;
use mcp_pin_storage::Store;

use crate::authorization::Policies;

pub use break_glass::BreakGlassOrder;
pub use drafts::{DraftPage, Drafted};
pub use drift::{DriftReported, NewDriftReport};
pub use environment::{Clock, Random, SystemClock, SystemRandom};
pub use error::{ErrorClass, ServiceError};
pub use evidence::MAX_EVIDENCE_BUNDLES;
pub use examine::{Examination, Finding, examine};
pub use feed::{Follower, MAX_FOLLOWERS, News};
pub use live::{CatalogueEntry, Deprecation, Facts, LiveSet, Server, Tag, View, Wanted};
pub use login::LoginKind;
pub use mcp_pin_model::{
    Digest, Ring, ServerName, ServerVersion, lockfile::SignerIdentity, revocation::RevocationScope,
};
pub use mcp_pin_storage::{
    Approver, ApproverId, ApproverScope, BreakGlass, ConsentRecord, Credential, Draft, DraftEnd, DraftId, DraftOutcome,
    DriftKind, DriftReport, Event, Grant, GrantId, HaltCause, LiveRing, Method, PrincipalName, Progress, Review,
    RevocationId, RevocationRecord, RingMove, Role, Roles, Rollout, State, StateKind, StorageError, Submission,
    SubmissionFilter, SubmissionId, Token, TokenId, Webhook, WebhookId, WebhookState,
};
pub use names::skeletons;
pub use offboard::{Keys, Offboarding};
pub use once::{Answer, Once, Outcome, Render};
pub use resolve::{Lookup, Pinned, Resolved, resolve};
pub use revoke::RevocationPlan;
pub use rings::{Quorum, RingSettings, Rings, RingsError, Start};
pub use rollout::RolloutView;
pub use rotate::{DEFAULT_OVERLAP, MAX_OVERLAP};
pub use search::{MAX_SEARCH_WORDS, SearchHit, SearchPage};
pub use state::StateView;
pub use status::{Changed, NewStatus, StatusUpdate};
pub use steer::Steering;
pub use tokens::TOKEN_PREFIX;
pub use types::{
    Caller, ConsentView, Consented, Counts, DEFAULT_EXCHANGED_TOKEN_LIFETIME, Document, EventFilter, EventPage,
    IssuedToken, NewApprover, NewCredential, NewGrant, NewSubmission, NewToken, Settings, SubmissionPage, Submitted,
    default_roots, leaf, leaf_value,
};
pub use waiting::Waits;
pub use webhooks::{IssuedWebhook, MAX_WEBHOOKS, NewWebhook, Target, form_word};

/// The most characters of a label or a reason: it is shown in lists.
pub const MAX_LABEL_LENGTH: usize = 500;

/// The most submissions or events of one page.
pub const MAX_PAGE: u32 = 1_000;

/// The registry's decisions and queries. Cheap to clone: all clones are the same registry.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

/// What all clones share.
struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    settings: Settings,
    live: arc_swap::ArcSwap<LiveSet>,
    feed: feed::Feed,
    /// Whether the store cannot be followed: what it has decided since is not known here.
    behind: std::sync::atomic::AtomicBool,
    /// What was read of manifests for searching.
    search: search::SearchCache,
    policies: arc_swap::ArcSwap<Policies>,
    open: authorize::OpenCache,
    /// Whose turn it is to decide.
    turn: tokio::sync::Mutex<()>,
    /// When rollouts are looked at again that cannot go on by themselves.
    waiting: due::Waiting,
    /// What the log committed to last.
    committed: tokio::sync::Mutex<Option<state::Committed>>,
}

impl Inner {
    /// Makes an id that sorts by time.
    fn new_id<I: std::str::FromStr>(&self, at: Timestamp) -> Result<I, ServiceError> {
        let mut random = [0; 16];
        self.random.fill(&mut random);
        let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let id = ulid::Ulid::from_parts(milliseconds, u128::from_be_bytes(random)).to_string();
        id.parse().map_err(|_| ServiceError::Internal("a new id is none".to_owned()))
    }
}

impl Inner {
    /// Makes a live set the one that readers get, unless they have a later one, and tells who follows events.
    fn show(&self, next: Option<LiveSet>) {
        let Some(next) = next.map(Arc::new) else { return };
        self.live.rcu(|live| Arc::clone(if next.sequence > live.sequence { &next } else { live }));
        self.feed.reached(next.sequence);
    }
}

impl Service {
    /// Opens the registry over a store: checks that everything that is live still verifies, then prepares the live set.
    ///
    /// # Errors
    /// [`ServiceError::Unsound`] when something that is live does not match its digest or signature; store errors.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: Settings,
    ) -> Result<Self, ServiceError> {
        let live = live::start(&store, &settings).await?;
        let inner = Inner {
            store,
            clock,
            random,
            settings,
            feed: feed::Feed::new(live.sequence),
            live: arc_swap::ArcSwap::from_pointee(live),
            behind: std::sync::atomic::AtomicBool::new(false),
            search: search::SearchCache::default(),
            policies: arc_swap::ArcSwap::from_pointee(Policies::default()),
            open: authorize::OpenCache::default(),
            turn: tokio::sync::Mutex::new(()),
            waiting: due::Waiting::default(),
            committed: tokio::sync::Mutex::default(),
        };
        let service = Self { inner: Arc::new(inner) };
        service.retire_rings().await?;
        Ok(service)
    }

    /// Whether the store answers, and is that which this node has followed.
    ///
    /// # Errors
    /// When it does not, or is not.
    pub async fn ready(&self) -> Result<(), ServiceError> {
        self.inner.store.ping().await?;
        if self.inner.behind.load(std::sync::atomic::Ordering::Acquire) {
            // What is wrong is asked again: it may be over.
            self.refresh().await?;
        }
        Ok(())
    }

    /// Ends the store's connections, after everything committed has reached the disk.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }

    /// Brings the live set up to what the store says by now, where others decide on the same store too. Gives back the
    /// sequence of the last event that it takes into account.
    ///
    /// The cost is that of the events since the last time, and one question where there are none. Readers never go
    /// back, in whatever order calls come to their ends. A version that others made live and that does not verify here
    /// is not served, which is logged as an error.
    ///
    /// # Errors
    /// [`ServiceError::Unsound`] when the store is older than what was seen of it, or damaged; store errors.
    pub async fn refresh(&self) -> Result<u64, ServiceError> {
        // Before the view of the store is opened, so that the view is the later one.
        let before = self.inner.live.load_full();
        let mut snapshot = self.inner.store.read().await?;
        let next = live::advance(&mut *snapshot, &before, &self.inner.settings, live::Unverified::Withhold).await?;
        drop(snapshot);
        self.inner.show(next);
        Ok(self.inner.live.load().sequence)
    }

    /// What is live, without asking the store.
    #[must_use]
    pub fn live(&self) -> Arc<LiveSet> {
        self.inner.live.load_full()
    }

    /// The time, as the service has it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// How the service decides.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }
}
