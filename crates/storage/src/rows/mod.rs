//! Records as databases keep them: texts, whole numbers and bytes.
//!
//! Both backends have the same tables with the same columns under the same names, so what a column means is said once,
//! here, in both directions; a backend adds its SQL. What does not convert was not written by this program:
//! [`StorageError::Damaged`](crate::StorageError::Damaged).
//!
//! Times are whole milliseconds since the Unix epoch; digests are their text form; a set of words is sorted and joined by
//! one space.

mod access;
mod answer;
mod approver;
pub mod columns;
mod consent;
mod credential;
mod document;
mod draft;
mod event;
mod grant;
mod revocation;
mod rollout;
mod state;
mod submission;
mod token;
mod version_status;
mod webhook;

pub use access::IdentityRow;
pub use answer::AnswerRow;
pub use approver::ApproverRow;
pub use consent::ConsentRow;
pub use document::checked;
pub use draft::DraftRow;
pub use event::{EventRow, event_sequence, next_sequence};
pub use grant::GrantRow;
pub use revocation::RevocationRow;
pub use rollout::{BreakGlassRow, DriftReportRow, RingMoveRow, RolloutRow};
pub use state::StateSnapshotRow;
pub use submission::{SubmissionRow, submission_count};
pub use token::TokenRow;
pub use version_status::VersionStatusRow;
pub use webhook::WebhookRow;
