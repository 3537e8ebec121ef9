//! `/v1/policies`

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    authorization::{Action, Policies, Resource},
    http::{
        auth::Authenticated,
        body::private,
        error::{Problem, ReadProblems, WriteProblems},
        state::AppState,
    },
};

/// The policies in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyList {
    /// The digest of all of them: what `policy-changed` events name.
    pub digest: String,
    /// Each one, by id.
    pub policies: Vec<PolicyDocument>,
}

/// A policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyDocument {
    /// `<set>/<name>`: what answers and the audit log name.
    pub id: String,
    /// What it is for, in the words of who wrote it.
    pub doc: String,
    /// The policy itself, in Cedar.
    pub text: String,
}

impl From<&Policies> for PolicyList {
    fn from(policies: &Policies) -> Self {
        let of = |(id, doc): (String, String)| {
            let text = policies.source(&id).unwrap_or_default();
            PolicyDocument { id, doc, text }
        };
        Self { digest: policies.digest().to_string(), policies: policies.ids().into_iter().map(of).collect() }
    }
}

/// Show the policies in force
#[utoipa::path(
    get,
    path = "/v1/policies",
    operation_id = "policies_list",
    tag = "administration",
    security(("token" = [])),
    responses((status = 200, description = "the document", body = PolicyList), ReadProblems)
)]
pub async fn list(State(state): State<AppState>, Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    private(StatusCode::OK, &PolicyList::from(&*state.service().policies(&caller).await?))
}

/// Read the policies of the configuration again; when one of them is bad, those before stay in force
#[utoipa::path(
    post,
    path = "/v1/policies/reload",
    operation_id = "policies_reload",
    tag = "administration",
    security(("token" = [])),
    responses((status = 200, description = "the document", body = PolicyList), WriteProblems)
)]
pub async fn reload(State(state): State<AppState>, Authenticated(caller): Authenticated) -> Result<Response, Problem> {
    let service = state.service();
    // Before anything is read: who may not is told nothing about the files.
    service.authorize(&caller, Action::ManagePolicies, &Resource::registry()).await?;
    let source = service.settings().policies.clone();
    let loaded = tokio::task::spawn_blocking(move || source.load()).await;
    let policies = loaded.map_err(|error| Problem::internal(&error))?.map_err(|error| {
        tracing::error!(error.message = %error, "the policies are not acceptable; those before stay in force");
        Problem::refused(format!("{error}; the policies before stay in force"))
    })?;
    service.replace_policies(&caller, policies.clone()).await?;
    private(StatusCode::OK, &PolicyList::from(&policies))
}
