//! Lets only those read the catalogue who may.
//!
//! Policies decide. Where they let everybody read, which is what most do, nothing is asked of the request. Where they do
//! not, whoever does not prove who they are is asked to, and whoever may not read all the same is told that there is
//! nothing. `latest` never says 401: clients with an allow-list take any answer but 200 and 404 for a failure, and block
//! every server.

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{
    authorization::{Action, Resource},
    http::{auth::Authenticated, error::Problem, state::AppState},
};

/// What shows what is live.
const CATALOGUE: [&str; 4] = ["/v0.1/servers", "/v1/manifests", "/v1/search", "/v1/resolve"];

/// Of these the handlers decide: somebody may read what they published where they may not read the catalogue.
const BY_DIGEST: &str = "/v1/manifests";

/// Lets those through who may read.
pub async fn readers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_catalogue = CATALOGUE.iter().any(|prefix| path.starts_with(prefix));
    // A preflight says nothing but what is true of the path.
    if !is_catalogue || request.method() == Method::OPTIONS || state.service().is_open() {
        return next.run(request).await;
    }
    let (by_digest, is_latest) =
        (path.starts_with(BY_DIGEST), path.trim_end_matches('/').ends_with("/versions/latest"));
    let (mut parts, body) = request.into_parts();
    let allowed = match Authenticated::from_request_parts(&mut parts, &state).await {
        Ok::<Authenticated, _>(_) if by_digest => Ok(()),
        Ok(Authenticated(caller)) => {
            let asked = state.service().authorize(&caller, Action::ReadCatalogue, &Resource::registry()).await;
            asked.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    if let Err(problem) = allowed {
        let hides =
            problem.status() == StatusCode::FORBIDDEN || (is_latest && problem.status() == StatusCode::UNAUTHORIZED);
        return if hides { Problem::server_not_found().into_response() } else { problem.into_response() };
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // What not everybody may read, no cache between may keep.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}
