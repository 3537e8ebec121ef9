//! What the registry decides: no HTTP in here, no SQL, no clock and no randomness of its own.
//!
//! Every decision is one transaction of the store: the change of state, the documents it rests on and its events
//! become durable together or not at all. After the commit, and before the caller hears of it, the live set that
//! readers use is replaced. Decisions run one after another and to their end, even when the caller goes away.
//!
//! Nothing goes live but by an admitted decision of [`mcp_pin_policy`] over consents that were verified, against the
//! approvers registered now, at that moment.
//!
//! What is live is one version of each server; the one that it replaced is served no longer. A revocation of the live
//! version leaves nothing live: it does not bring the one before it back.

mod approvers;
mod consent;
mod decision;
mod doctor;
mod environment;
mod error;
mod evidence;
mod exchange;
mod grants;
mod live;
mod names;
mod queries;
mod reject;
mod revoke;
mod settle;
mod signers;
mod submit;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod types;

use std::sync::Arc;

use jiff::Timestamp;
use mcp_pin_policy::Requirements;
use mcp_pin_storage::Store;

pub use environment::{Clock, Random, SystemClock, SystemRandom};
pub use error::{ErrorClass, ServiceError};
pub use evidence::MAX_EVIDENCE_BUNDLES;
pub use live::{CatalogueEntry, LiveSet};
pub use mcp_pin_model::{
    Digest, Ring, ServerName, ServerVersion, lockfile::SignerIdentity, revocation::RevocationScope,
};
pub use mcp_pin_storage::{
    Approver, ApproverId, ApproverScope, ConsentRecord, Credential, Event, Grant, GrantId, PrincipalName, Review,
    RevocationId, RevocationRecord, Role, Roles, State, StateKind, StorageError, Submission, SubmissionFilter,
    SubmissionId, Token, TokenId,
};
pub use tokens::TOKEN_PREFIX;
pub use types::{
    Caller, ConsentView, Consented, DEFAULT_EXCHANGED_TOKEN_LIFETIME, Document, EventPage, IssuedToken, NewApprover,
    NewCredential, NewGrant, NewSubmission, NewToken, Settings, SubmissionPage, Submitted, default_roots, leaf_value,
};

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
    requirements: Requirements,
    live: arc_swap::ArcSwap<LiveSet>,
    /// Whose turn it is to decide.
    turn: tokio::sync::Mutex<()>,
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
        let mut snapshot = store.read().await?;
        doctor::check(&mut *snapshot, &settings).await?;
        let live = live::read(&mut *snapshot).await?;
        drop(snapshot);
        let mut requirements = Requirements::new(settings.preset);
        requirements.quorum_block = settings.quorum_block;
        let inner = Inner {
            store,
            clock,
            random,
            settings,
            requirements,
            live: arc_swap::ArcSwap::from_pointee(live),
            turn: tokio::sync::Mutex::new(()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<(), ServiceError> {
        Ok(self.inner.store.ping().await?)
    }

    /// Ends the store's connections, after everything committed has reached the disk.
    pub async fn close(&self) {
        self.inner.store.close().await;
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
