//! What the registry remembers: repository traits, the records they hold, and the suite that every backend passes.
//!
//! This crate knows no SQL and no database. A backend implements [`Store`], [`Snapshot`] and [`Transaction`] and runs
//! [`conformance`]; the service knows nothing else.
//!
//! Rules of the crate:
//! * clock and randomness are arguments: times come in with the records, ids are made by the caller;
//! * what does not exist is `Ok(None)`; an error means that the store could not say;
//! * a signed statement enters only as [`mcp_pin_attest::Verified`], so nothing unverified can be stored;
//! * documents and events are append-only; a state changes only by compare-and-swap on the record's revision;
//! * a decision and its events are written by one [`Transaction`]; dropping it without `commit` undoes all of it;
//! * times are kept in whole milliseconds since the Unix epoch; callers pass no finer ones.

pub mod access;
pub mod agreement;
pub mod answer;
pub mod approver;
pub mod archive;
pub mod conformance;
pub mod consent;
pub mod credential;
pub mod document;
pub mod draft;
pub mod error;
pub mod event;
pub mod grant;
pub mod id;
pub mod method;
pub mod principal;
pub mod revocation;
pub mod rollout;
pub mod rows;
pub mod schema;
pub mod state;
pub mod store;
pub mod submission;
pub mod token;
pub mod version_status;
pub mod webhook;

pub use access::{AccessReader, AccessWriter, Identity};
pub use agreement::{AgreementReader, AgreementWriter};
pub use answer::{AnswerReader, AnswerWriter, StoredAnswer};
pub use approver::{Approver, ApproverReader, ApproverScope, ApproverWriter};
pub use consent::{ConsentReader, ConsentRecord, ConsentWriter};
pub use credential::Credential;
pub use document::{DocumentReader, DocumentWriter};
pub use draft::{Draft, DraftEnd, DraftOutcome, DraftReader, DraftWriter};
pub use error::StorageError;
pub use event::{Event, EventReader, EventWriter};
pub use grant::{Grant, GrantReader, GrantWriter};
pub use id::{
    ApproverId, BreakGlassId, DraftId, DriftReportId, GrantId, IdError, RevocationId, SubmissionId, TokenId, WebhookId,
};
pub use method::Method;
pub use principal::{PrincipalError, PrincipalName, PrincipalReader, PrincipalWriter, Role, Roles};
pub use revocation::{RevocationReader, RevocationRecord, RevocationSource, RevocationWriter};
pub use rollout::{
    BreakGlass, BreakGlassEnd, DriftKind, DriftReport, HaltCause, MoveCause, Progress, RingMove, Rollout,
    RolloutReader, RolloutWriter, Stop,
};
pub use schema::{SchemaState, SchemaStep};
pub use state::{StateReader, StateWriter, StoredState};
pub use store::{Snapshot, Store, Transaction, Watch};
pub use submission::{
    LiveRing, Review, State, StateKind, Submission, SubmissionFilter, SubmissionReader, SubmissionWriter,
    TransitionError,
};
pub use token::{Token, TokenReader, TokenWriter};
pub use version_status::{Advice, VersionStatus, VersionStatusReader, VersionStatusWriter};
pub use webhook::{Webhook, WebhookFailing, WebhookLease, WebhookReader, WebhookState, WebhookWriter};
