//! What is answered about versions that are not in the catalogue, to those who may know of them.

use mcp_pin_model::json;
use serde::Serialize;
use utoipa::ToSchema;

use super::entry::ServerResponse;
use crate::{
    http::{error::Problem, state::AppState},
    service::{Changed, Draft, ServiceError, Submission},
};

/// What to do with a document that nobody signed.
const NEXT: &str = "nothing of it is visible: submit the signed manifest of this version (`mcp-pin submit`, or `POST /v1/submissions`)";

/// A version that is not in the catalogue. It has no official members, so no client takes it for one that is.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantinedResponse {
    /// The `server.json`.
    #[schema(value_type = Object)]
    pub server: json::Value,
    /// What the registry adds.
    #[serde(rename = "_meta")]
    pub meta: QuarantinedMeta,
}

/// What the registry adds to a version that is not in the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantinedMeta {
    /// What this registry knows.
    #[serde(rename = "io.github.mcp-pin/registry")]
    pub ours: QuarantineMeta,
}

/// How a version stands that is not in the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineMeta {
    /// `quarantined` for an unsigned document, else the state of the draft or submission: `withdrawn`, `pending`,
    /// `rejected`, …
    pub state: &'static str,
    /// The path under which it is described.
    pub link: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<&'static str>,
}

/// A version whose status was changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ChangedResponse {
    /// It is or was in the catalogue.
    Listed(Box<ServerResponse>),
    /// It never was.
    Quarantined(Box<QuarantinedResponse>),
}

impl QuarantinedResponse {
    fn new(server_json: &str, state: &'static str, link: String, next: bool) -> Result<Self, ServiceError> {
        let server = json::parse_with(server_json.as_bytes(), &json::Limits::OURS)
            .map_err(|_| ServiceError::Unsound(format!("{link}: server.json is damaged")))?;
        let ours = QuarantineMeta { state, link, next: next.then_some(NEXT) };
        Ok(Self { server, meta: QuarantinedMeta { ours } })
    }

    /// An unsigned document.
    ///
    /// # Errors
    /// [`ServiceError::Unsound`] when it is damaged.
    pub fn of_draft(draft: &Draft) -> Result<Self, ServiceError> {
        let state = draft.end.as_ref().map_or("quarantined", |end| end.how.as_str());
        Self::new(&draft.server_json, state, format!("/v1/drafts/{}", draft.id), draft.end.is_none())
    }

    /// A submission that was never live.
    ///
    /// # Errors
    /// [`ServiceError::Unsound`] when it is damaged.
    pub fn of_submission(submission: &Submission) -> Result<Self, ServiceError> {
        let link = format!("/v1/submissions/{}", submission.id);
        Self::new(&submission.server_json, submission.state.kind().as_str(), link, false)
    }
}

impl ChangedResponse {
    /// A version as it stands now.
    ///
    /// # Errors
    /// When what is stored of it is damaged.
    pub fn new(state: &AppState, changed: &Changed) -> Result<Self, Problem> {
        match changed {
            Changed::Draft(draft) => Ok(Self::Quarantined(Box::new(QuarantinedResponse::of_draft(draft)?))),
            Changed::Version(submission) => {
                let live = state.service().live();
                let of_server = live.server(&submission.server);
                let listed = of_server.and_then(|server| {
                    server.default_view().all().iter().find(|entry| entry.version == submission.version)
                });
                Ok(match listed {
                    Some(entry) => Self::Listed(Box::new(ServerResponse::new(entry))),
                    None => Self::Quarantined(Box::new(QuarantinedResponse::of_submission(submission)?)),
                })
            }
        }
    }
}
