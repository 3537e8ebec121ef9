//! Rollouts: how a version that was consented to reaches one ring after another, and what a ring served before.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_model::{Digest, Ring, ServerName};

use crate::{BreakGlassId, DriftReportId, PrincipalName, StorageError, SubmissionId};

/// Defines an enum of words that JSON, SQL, logs and documents have in common.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word used in JSON, SQL, logs and documents.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }

            /// Reads the word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|own| own.as_str() == word)
            }
        }
    };
}

words! {
    /// Why a rollout was halted.
    HaltCause {
        /// Somebody decided so.
        Operator = "operator",
        /// An approver rejected a version that is live in some ring already.
        Rejection = "rejection",
        /// Clients saw something else than the manifest says.
        Drift = "drift",
        /// Clients could not use the version, more of them than the error budget allows.
        ErrorBudget = "error-budget",
        /// An advisory is about the version.
        Advisory = "advisory",
        /// A ring that the version had reached went back to the one before.
        Rollback = "rollback",
    }
}

words! {
    /// Why a ring serves something else than before.
    MoveCause {
        /// Enough people consented.
        Approval = "approval",
        /// The soak in the ring before was clean.
        Soak = "soak",
        /// Somebody decided not to wait.
        Promotion = "promotion",
        /// Somebody went back to the version before.
        Rollback = "rollback",
        /// An administrator did without the consents that it takes.
        BreakGlass = "break-glass",
        /// That has ended.
        BreakGlassEnd = "break-glass-end",
        /// Trust in the version ended.
        Revocation = "revocation",
        /// The configuration has no such ring any more.
        Retirement = "retirement",
    }
}

words! {
    /// What a client reports.
    DriftKind {
        /// The server declared something else than its manifest says.
        Drift = "drift",
        /// The version could not be started or verified.
        Error = "error",
    }
}

words! {
    /// How a break-glass ended.
    BreakGlassEnd {
        /// Enough people consented after all.
        Approved = "approved",
        /// Its time passed.
        Expired = "expired",
        /// Another version took the place, by the ordinary way or by another break-glass, or it was rolled back.
        Replaced = "replaced",
        /// The version was revoked.
        Revoked = "revoked",
    }
}

/// By whom and why a rollout goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// When.
    pub at: Timestamp,
    /// The principal, or `registry`.
    pub by: String,
    /// Why, in words.
    pub reason: String,
}

/// Where a rollout stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on by itself.
    Running,
    /// Somebody holds it; nothing is known against the version.
    Paused(Stop),
    /// It goes no further, because something was found out.
    Halted(HaltCause, Stop),
    /// The version reached the last ring.
    Complete,
    /// The version is not live any more, or never will be.
    Ended,
}

impl Progress {
    /// The word used in JSON, SQL, logs and documents.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused(_) => "paused",
            Self::Halted(..) => "halted",
            Self::Complete => "complete",
            Self::Ended => "ended",
        }
    }

    /// Whether the version may still reach further rings.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Running | Self::Paused(_) | Self::Halted(..))
    }
}

/// The way of one version through the rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Which version.
    pub submission: SubmissionId,
    /// Of which server.
    pub server: ServerName,
    /// The last ring that it reached; none before the first.
    pub ring: Option<Ring>,
    /// Since when its soak counts: when it reached that ring, or was resumed there after a halt.
    pub since: Timestamp,
    /// Where it stands.
    pub progress: Progress,
    /// How often it was changed. The compare-and-swap token of [`RolloutWriter::update_rollout`].
    pub revision: u32,
}

/// One change of what a ring serves. Never changed, never removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingMove {
    /// Of which server.
    pub server: ServerName,
    /// The ring.
    pub ring: Ring,
    /// What it served before.
    pub before: Option<SubmissionId>,
    /// What it serves since.
    pub after: Option<SubmissionId>,
    /// Why.
    pub cause: MoveCause,
    /// The principal who decided, or `registry`.
    pub actor: String,
    /// In whose words; empty where nobody gave any.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A version that is live without the consents that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    /// Its id.
    pub id: BreakGlassId,
    /// Which version.
    pub submission: SubmissionId,
    /// Of which server.
    pub server: ServerName,
    /// In which rings.
    pub rings: BTreeSet<Ring>,
    /// Who did it.
    pub principal: PrincipalName,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When and how it ended.
    pub ended: Option<(Timestamp, BreakGlassEnd)>,
}

/// What a client saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftReport {
    /// Its id.
    pub id: DriftReportId,
    /// Of which version.
    pub submission: SubmissionId,
    /// Who reports.
    pub principal: PrincipalName,
    /// What.
    pub kind: DriftKind,
    /// The digest of the surface that the client saw.
    pub seen: Option<Digest>,
    /// In the client's words.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// Looks rollouts up.
#[async_trait]
pub trait RolloutReader {
    /// The rollout of a version.
    async fn rollout(&mut self, submission: &SubmissionId) -> Result<Option<Rollout>, StorageError>;

    /// The rollouts of one server, or of all; with `open`, only those that may still reach further rings. By version.
    async fn rollouts(&mut self, server: Option<&ServerName>, open: bool) -> Result<Vec<Rollout>, StorageError>;

    /// What a server's rings served, oldest first.
    async fn ring_moves(&mut self, server: &ServerName) -> Result<Vec<RingMove>, StorageError>;

    /// Versions that are or were live without the consents that they take, of one server or of all; with `open`, only
    /// those that are. By id.
    async fn break_glasses(&mut self, server: Option<&ServerName>, open: bool)
    -> Result<Vec<BreakGlass>, StorageError>;

    /// The reports about a version, by id.
    async fn drift_reports(&mut self, submission: &SubmissionId) -> Result<Vec<DriftReport>, StorageError>;
}

/// Changes rollouts.
#[async_trait]
pub trait RolloutWriter: RolloutReader {
    /// Adds a rollout. [`StorageError::Exists`] when the version has one.
    async fn insert_rollout(&mut self, rollout: &Rollout) -> Result<(), StorageError>;

    /// Stores ring, time and progress if the revision is still the one that was read, and counts it up.
    /// [`StorageError::Conflict`] otherwise, and nothing is written.
    async fn update_rollout(&mut self, rollout: Rollout) -> Result<Rollout, StorageError>;

    /// Appends a change of what a ring serves.
    async fn append_ring_move(&mut self, change: &RingMove) -> Result<(), StorageError>;

    /// Adds a break-glass.
    async fn insert_break_glass(&mut self, glass: &BreakGlass) -> Result<(), StorageError>;

    /// Ends a break-glass; `false` when there is none that has not ended.
    async fn end_break_glass(
        &mut self,
        id: &BreakGlassId,
        at: Timestamp,
        how: BreakGlassEnd,
    ) -> Result<bool, StorageError>;

    /// Adds a report; `false`, and nothing is written, when the same principal reported the same kind about the version
    /// before.
    async fn insert_drift_report(&mut self, report: &DriftReport) -> Result<bool, StorageError>;
}
