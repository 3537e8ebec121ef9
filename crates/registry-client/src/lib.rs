//! Typed HTTP client of the registry.
//!
//! What a registry answers is foreign text: it is read with limits and strictly, and nothing here is trusted because a
//! registry said it. Documents are fetched by digest and checked against it; signatures are the caller's to verify.
//!
//! * every request has a time limit and every answer a size limit;
//! * redirects are followed within the same origin only, so a token never leaves for another host;
//! * reads are repeated when the registry is briefly unavailable; nothing that decides is ever sent twice by itself;
//! * an error says whether the registry refused, has no such thing, or could not be asked: see
//!   [`ClientError::is_could_not_check`].

mod administration;
mod catalogue;
mod client;
mod drafts;
mod error;
mod events;
mod log;
mod records;
mod rollouts;
mod token;
mod webhooks;
mod wire;

pub use catalogue::{CatalogueEntry, CataloguePage, CatalogueQuery, EntryStatus};
pub use client::{ClientOptions, PlainHttp, RegistryClient};
pub use error::{ClientError, RefusalKind};
pub use events::{EventQuery, EventStream, StreamItem};
pub use log::StateAnswer;
pub use records::{
    ApproverRecord, ConsentDocument, ConsentOutcome, ConsentStatus, Credential, EventPage, EventRecord, ExchangedToken,
    GrantRecord, IssuedToken, IssuedWebhook, LoginToken, NewCredential, NewToken, NewWebhook, OffboardRequest,
    Offboarding, ResolvedServer, RevocationRecord, SubmissionPage, SubmissionRecord, SubmissionState, TokenRecord,
    WebhookRecord, WebhookTest, WellKnown, WhoAmI,
};
pub use rollouts::{
    BreakGlassRecord, LiveRingRecord, NewBreakGlass, RevocationPlan, RolloutAction, RolloutRecord, StopRecord,
    WaitingRecord,
};
pub use token::{AccessToken, TokenError};
