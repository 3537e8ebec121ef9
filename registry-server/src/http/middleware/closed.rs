//! Who may read what is live.
//!
//! Policies decide. Where they let everybody read, which is what most do, nothing is asked of the request. Where they do
//! not, whoever may not read is told that there is nothing: clients with an allow-list take any answer but 200 and 404 for
//! a failure, and block every server.

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{
    authorization::{Action, Resource},
    http::{auth::Authenticated, error::Problem, state::AppState},
};

/// What is read by everybody or by nobody without a token.
const CATALOGUE: [&str; 4] = ["/v0.1/servers", "/v1/resolve", "/v1/search", "/v1/servers"];

/// Lets those through who may read.
pub async fn closed(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_catalogue = CATALOGUE
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    // A preflight says nothing but what is true of the path.
    if !is_catalogue || request.method() == Method::OPTIONS || state.service().is_open() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let allowed = match Authenticated::from_request_parts(&mut parts, &state).await {
        Ok(Authenticated(caller)) => {
            let asked = state.service().authorize(&caller, Action::ReadCatalogue, &Resource::registry()).await;
            asked.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    if let Err(problem) = allowed {
        // Could not say is not the same as nothing: a client that is told 404 forgets what it had.
        let failed = problem.status().is_server_error();
        return if failed { problem.into_response() } else { Problem::server_not_found().into_response() };
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // What not everybody may read, no cache between may keep.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
