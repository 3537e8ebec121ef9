//! What is answered to a decision, in one place: the first answer and a later one to the same request are made by the same
//! code.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;

use super::{
    body::JSON,
    error::Problem,
    v0_1::quarantined::QuarantinedResponse,
    v1::{
        consents::{ConsentOutcome, ConsentStatus},
        documents::{ApproverDocument, GrantDocument, RevocationDocument, SubmissionDocument, TokenDocument},
        tokens::IssuedTokenDocument,
    },
};
use crate::service::{Answer, Consented, Outcome, ServiceError};

/// Says that the answer is that of an earlier request under the same idempotency key.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The answer to a decision, before it becomes a response.
///
/// # Errors
/// Never for the documents of this interface; an internal error if one cannot be serialised.
pub fn render(outcome: Outcome<'_>) -> Result<Answer, ServiceError> {
    match outcome {
        Outcome::Submitted(submitted) => answer(
            submitted.created,
            Some(format!("/v1/submissions/{}", submitted.submission.id)),
            &SubmissionDocument::from(&submitted.submission),
        ),
        // What the MCP Registry API declares: 200, also for what is new.
        Outcome::Drafted(drafted) => answer(
            false,
            Some(format!("/v1/drafts/{}", drafted.draft.id)),
            &QuarantinedResponse::of_draft(&drafted.draft)?,
        ),
        Outcome::Consented(consented) => answer(consented.created, None, &consent_outcome(consented)),
        Outcome::Revoked(record) => answer(true, None, &RevocationDocument::from(record)),
        Outcome::Granted(grant) => {
            let grant = GrantDocument::from(grant);
            answer(true, Some(format!("/v1/namespaces/{}/grants/{}", grant.namespace, grant.id)), &grant)
        }
        Outcome::Registered(approver) => {
            let approver = ApproverDocument::from(approver);
            answer(true, Some(format!("/v1/approvers/{}", approver.id)), &approver)
        }
        Outcome::Issued(issued) => answer(
            true,
            Some(format!("/v1/tokens/{}", issued.token.id)),
            &IssuedTokenDocument { token: issued.secret.to_string(), record: TokenDocument::from(&issued.token) },
        ),
    }
}

fn consent_outcome(consented: &Consented) -> ConsentOutcome {
    ConsentOutcome {
        consent: consented.consent.to_string(),
        submission: SubmissionDocument::from(&consented.submission),
        status: ConsentStatus {
            needed: consented.needed,
            approvers: consented.approvers.clone(),
            missing_acknowledgements: consented.missing_acknowledgements.clone(),
        },
    }
}

fn answer<T: Serialize>(created: bool, location: Option<String>, document: &T) -> Result<Answer, ServiceError> {
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let body = serde_json::to_string(document).map_err(|error| ServiceError::Internal(error.to_string()))?;
    Ok(Answer { status: status.as_u16(), location, body })
}

/// Answers the caller, and only the caller, with what a decision came to.
///
/// # Errors
/// See [`render`].
pub fn respond(outcome: Outcome<'_>) -> Result<Response, Problem> {
    Ok(response(&render(outcome)?))
}

/// The response to a request that was done before.
pub(super) fn replayed(answer: &Answer) -> Response {
    let mut response = response(answer);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn response(answer: &Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body.clone()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Some(location) = answer.location.as_deref().and_then(|location| HeaderValue::try_from(location).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}
