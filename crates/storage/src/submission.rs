//! Submissions: versions from their arrival to their end.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use mcp_pin_attest::Verified;
use mcp_pin_model::{Digest, Grade, Manifest, Ring, ServerName, ServerVersion, lockfile::SignerIdentity};
use thiserror::Error;

use crate::{Credential, PrincipalName, RevocationId, StorageError, SubmissionId};

/// What consents are asked for: the outcome of comparing with the version that is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The manifest that it was compared with and would replace; none when nothing was live.
    pub replaces: Option<Digest>,
    /// The digest of the change report.
    pub changes: Digest,
    /// The worst grade in the report.
    pub grade: Grade,
    /// How many changes the report holds.
    pub change_count: u32,
}

/// Where a version stands. Each variant holds what is true in that state only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Verified; waits for consent.
    Pending,
    /// Consented to; waits for its first ring.
    Approved {
        /// Since when.
        at: Timestamp,
    },
    /// Served in one ring or more.
    Live {
        /// Since when. A version that comes back keeps the time at which it first went live.
        since: Timestamp,
    },
    /// Replaced by a later version; no longer served.
    Superseded {
        /// Since when it had been live.
        live_since: Timestamp,
        /// When it was replaced.
        at: Timestamp,
        /// The manifest that replaced it.
        by: Digest,
    },
    /// Never went live and never will.
    Rejected {
        /// When.
        at: Timestamp,
        /// The principal who rejected it, or `registry`.
        by: String,
        /// Why.
        reason: String,
    },
    /// Trust in it ended.
    Revoked {
        /// Since when it had been live, if it ever was.
        live_since: Option<Timestamp>,
        /// When.
        at: Timestamp,
        /// By which revocation.
        by: RevocationId,
    },
    /// Its time passed before enough people had consented.
    Expired {
        /// Since when it had been live without their consents, if it was.
        live_since: Option<Timestamp>,
        /// When.
        at: Timestamp,
    },
}

/// A state without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKind {
    /// See [`State::Pending`].
    Pending,
    /// See [`State::Approved`].
    Approved,
    /// See [`State::Live`].
    Live,
    /// See [`State::Superseded`].
    Superseded,
    /// See [`State::Rejected`].
    Rejected,
    /// See [`State::Revoked`].
    Revoked,
    /// See [`State::Expired`].
    Expired,
}

impl StateKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Pending, Self::Approved, Self::Live, Self::Superseded, Self::Rejected, Self::Revoked, Self::Expired];

    /// The word used in JSON, SQL, logs and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Live => "live",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl State {
    /// Which state this is.
    #[must_use]
    pub fn kind(&self) -> StateKind {
        match self {
            Self::Pending => StateKind::Pending,
            Self::Approved { .. } => StateKind::Approved,
            Self::Live { .. } => StateKind::Live,
            Self::Superseded { .. } => StateKind::Superseded,
            Self::Rejected { .. } => StateKind::Rejected,
            Self::Revoked { .. } => StateKind::Revoked,
            Self::Expired { .. } => StateKind::Expired,
        }
    }

    /// Since when it is or was live, if it ever was.
    #[must_use]
    pub fn live_since(&self) -> Option<Timestamp> {
        match self {
            Self::Live { since } => Some(*since),
            Self::Superseded { live_since, .. } => Some(*live_since),
            Self::Revoked { live_since, .. } | Self::Expired { live_since, .. } => *live_since,
            Self::Pending | Self::Approved { .. } | Self::Rejected { .. } => None,
        }
    }
}

/// A step that the life of a version does not have.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a version that is {} cannot become {}", .from.as_str(), .to.as_str())]
pub struct TransitionError {
    /// Where it stands.
    pub from: StateKind,
    /// Where it was to go.
    pub to: StateKind,
}

/// A submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its id.
    pub id: SubmissionId,
    /// The server.
    pub server: ServerName,
    /// The version.
    pub version: ServerVersion,
    /// The digest of the manifest.
    pub manifest: Digest,
    /// The digest of the bundle's bytes.
    pub attestation: Digest,
    /// The canonical form of the official `server.json`.
    pub server_json: String,
    /// Who signed.
    pub publisher: PrincipalName,
    /// The key or the certificate's identity that signed.
    pub signer: SignerIdentity,
    /// The credential under which it was accepted: what the bundle is checked against again at every start.
    pub credential: Credential,
    /// Who brought it.
    pub submitted_by: PrincipalName,
    /// When.
    pub submitted_at: Timestamp,
    /// What consents are asked for.
    pub review: Review,
    /// Where it stands.
    pub state: State,
    /// How often it was changed. The compare-and-swap token of [`SubmissionWriter::update_submission`].
    pub revision: u32,
}

impl Submission {
    fn refuse(from: StateKind, to: StateKind) -> TransitionError {
        TransitionError { from, to }
    }

    /// Enough people consented.
    ///
    /// # Errors
    /// Unless it is pending.
    pub fn approve(self, at: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Pending => Ok(Self { state: State::Approved { at }, ..self }),
            other => Err(Self::refuse(other.kind(), StateKind::Approved)),
        }
    }

    /// What it was approved by holds no longer.
    ///
    /// # Errors
    /// Unless it is approved.
    pub fn lapse(self) -> Result<Self, TransitionError> {
        match self.state {
            State::Approved { .. } => Ok(Self { state: State::Pending, ..self }),
            other => Err(Self::refuse(other.kind(), StateKind::Pending)),
        }
    }

    /// It went live in its first ring.
    ///
    /// # Errors
    /// Unless it is approved.
    pub fn go_live(self, since: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Approved { .. } => Ok(Self { state: State::Live { since }, ..self }),
            other => Err(Self::refuse(other.kind(), StateKind::Live)),
        }
    }

    /// It went live without the consents that it takes. What is live stays so.
    ///
    /// # Errors
    /// When it has ended otherwise than by being replaced.
    pub fn break_glass(self, at: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Pending | State::Approved { .. } => Ok(Self { state: State::Live { since: at }, ..self }),
            State::Live { since } | State::Superseded { live_since: since, .. } => {
                Ok(Self { state: State::Live { since }, ..self })
            }
            other => Err(Self::refuse(other.kind(), StateKind::Live)),
        }
    }

    /// A ring serves it again, as it did before.
    ///
    /// # Errors
    /// Unless it was live and was replaced.
    pub fn come_back(self) -> Result<Self, TransitionError> {
        match self.state {
            State::Live { since } | State::Superseded { live_since: since, .. } => {
                Ok(Self { state: State::Live { since }, ..self })
            }
            other => Err(Self::refuse(other.kind(), StateKind::Live)),
        }
    }

    /// Another version took its place in the last ring that served it.
    ///
    /// # Errors
    /// Unless it is live.
    pub fn supersede(self, at: Timestamp, by: Digest) -> Result<Self, TransitionError> {
        match self.state {
            State::Live { since } => Ok(Self { state: State::Superseded { live_since: since, at, by }, ..self }),
            other => Err(Self::refuse(other.kind(), StateKind::Superseded)),
        }
    }

    /// It was rejected.
    ///
    /// # Errors
    /// Unless it is pending, or approved and not live yet.
    pub fn reject(self, at: Timestamp, by: &str, reason: &str) -> Result<Self, TransitionError> {
        match self.state {
            State::Pending | State::Approved { .. } => {
                let state = State::Rejected { at, by: by.to_owned(), reason: reason.to_owned() };
                Ok(Self { state, ..self })
            }
            other => Err(Self::refuse(other.kind(), StateKind::Rejected)),
        }
    }

    /// Its time passed: it waited for too long, or was live without the consents that it takes for as long as it might.
    ///
    /// # Errors
    /// Unless it is pending or live.
    pub fn expire(self, at: Timestamp) -> Result<Self, TransitionError> {
        match self.state {
            State::Pending | State::Live { .. } => {
                let live_since = self.state.live_since();
                Ok(Self { state: State::Expired { live_since, at }, ..self })
            }
            other => Err(Self::refuse(other.kind(), StateKind::Expired)),
        }
    }

    /// Trust in it ended.
    ///
    /// # Errors
    /// When it had ended before.
    pub fn revoke(self, at: Timestamp, by: RevocationId) -> Result<Self, TransitionError> {
        match self.state.kind() {
            StateKind::Pending | StateKind::Approved | StateKind::Live | StateKind::Superseded => {
                let live_since = self.state.live_since();
                Ok(Self { state: State::Revoked { live_since, at, by }, ..self })
            }
            other => Err(Self::refuse(other, StateKind::Revoked)),
        }
    }

    /// It was compared anew, because it would replace another version than before.
    ///
    /// # Errors
    /// When it has ended.
    pub fn review_again(self, review: Review) -> Result<Self, TransitionError> {
        match self.state {
            State::Pending | State::Approved { .. } | State::Live { .. } => Ok(Self { review, ..self }),
            other => Err(Self::refuse(other.kind(), StateKind::Pending)),
        }
    }
}

/// Which submissions are wanted. Everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct SubmissionFilter {
    /// Only those in this state.
    pub state: Option<StateKind>,
    /// Only those of this server.
    pub server: Option<ServerName>,
    /// Only those that were submitted at this time or before.
    pub submitted_until: Option<Timestamp>,
    /// Only those after this one.
    pub after: Option<SubmissionId>,
    /// At most this many; all when absent.
    pub limit: Option<u32>,
}

/// What a ring serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRing {
    /// Of which server.
    pub server: ServerName,
    /// The ring.
    pub ring: Ring,
    /// The version.
    pub submission: SubmissionId,
    /// Since when.
    pub since: Timestamp,
}

/// Looks submissions up.
#[async_trait]
pub trait SubmissionReader {
    /// One submission.
    async fn submission(&mut self, id: &SubmissionId) -> Result<Option<Submission>, StorageError>;

    /// The submission of a manifest.
    async fn submission_of_manifest(&mut self, manifest: &Digest) -> Result<Option<Submission>, StorageError>;

    /// The submission of a version.
    async fn submission_of_version(
        &mut self,
        server: &ServerName,
        version: &ServerVersion,
    ) -> Result<Option<Submission>, StorageError>;

    /// Those that are wanted, by id, which is the order of submission.
    async fn submissions(&mut self, filter: &SubmissionFilter) -> Result<Vec<Submission>, StorageError>;

    /// How many there are in each state that there are any in.
    async fn submission_counts(&mut self) -> Result<BTreeMap<StateKind, u64>, StorageError>;

    /// All that are or ever were live: of one server, or of all; by server, then by the time they went live.
    async fn once_live(&mut self, server: Option<&ServerName>) -> Result<Vec<Submission>, StorageError>;

    /// The next of all that are or ever were live, at most `limit`: by server, then by the time they went live, after
    /// this one (from the first, where there is none). Reads everything in pieces of bounded size.
    async fn once_live_after(
        &mut self,
        after: Option<&Submission>,
        limit: u32,
    ) -> Result<Vec<Submission>, StorageError>;

    /// What is live in a ring.
    async fn live(&mut self, server: &ServerName, ring: &Ring) -> Result<Option<Submission>, StorageError>;

    /// Which submission is live in which ring, of one server or of all, by server and ring.
    async fn live_rings(&mut self, server: Option<&ServerName>) -> Result<Vec<LiveRing>, StorageError>;

    /// The server that one of whose skeletons this is, if there is one.
    async fn server_by_skeleton(&mut self, skeleton: &str) -> Result<Option<ServerName>, StorageError>;
}

/// Changes submissions.
#[async_trait]
pub trait SubmissionWriter: SubmissionReader {
    /// Stores a submission and its bundle. The record's digests, server, version and signer must be those of the
    /// manifest.
    /// `skeletons` are what the server's name looks like; no two servers share one. [`StorageError::Exists`] when the
    /// version or a look-alike of the name is taken.
    async fn insert_submission(
        &mut self,
        submission: &Submission,
        skeletons: &BTreeSet<String>,
        manifest: &Verified<Manifest>,
    ) -> Result<(), StorageError>;

    /// Stores the review and the state of a submission if its revision is still the one that was read, and counts the
    /// revision up; gives back the stored record. [`StorageError::Conflict`] otherwise, and nothing is written.
    async fn update_submission(&mut self, submission: Submission) -> Result<Submission, StorageError>;

    /// Makes a submission the live one of a ring if `expected` is what is live there now.
    /// [`StorageError::Conflict`] otherwise, and nothing is written.
    async fn set_live(
        &mut self,
        server: &ServerName,
        ring: &Ring,
        expected: Option<&SubmissionId>,
        submission: Option<&SubmissionId>,
        at: Timestamp,
    ) -> Result<(), StorageError>;
}
