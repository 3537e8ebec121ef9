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

pub mod approver;
pub mod conformance;
pub mod consent;
pub mod credential;
pub mod document;
pub mod error;
pub mod event;
pub mod grant;
pub mod id;
pub mod principal;
pub mod revocation;
pub mod rows;
pub mod store;
pub mod submission;
pub mod token;

pub use approver::{Approver, ApproverReader, ApproverScope, ApproverWriter};
pub use consent::{ConsentReader, ConsentRecord, ConsentWriter};
pub use credential::Credential;
pub use document::{DocumentReader, DocumentWriter};
pub use error::StorageError;
pub use event::{Event, EventReader, EventWriter};
pub use grant::{Grant, GrantReader, GrantWriter};
pub use id::{ApproverId, GrantId, IdError, RevocationId, SubmissionId, TokenId};
pub use principal::{PrincipalError, PrincipalName, PrincipalReader, PrincipalWriter, Role, Roles};
pub use revocation::{RevocationReader, RevocationRecord, RevocationSource, RevocationWriter};
pub use store::{Snapshot, Store, Transaction};
pub use submission::{
    Review, State, StateKind, Submission, SubmissionFilter, SubmissionReader, SubmissionWriter, TransitionError,
};
pub use token::{Token, TokenReader, TokenWriter};
