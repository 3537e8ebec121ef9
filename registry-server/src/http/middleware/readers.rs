//! Lets nobody read the catalogue without a token, where the configuration says so.

use axum::{
    extract::{FromRequestParts as _, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::http::{auth::Authenticated, state::AppState};

/// What shows what is live.
const CATALOGUE: [&str; 4] = ["/v0.1/servers", "/v1/manifests", "/v1/search", "/v1/resolve"];

/// Asks readers of the catalogue for a token of any role.
pub async fn readers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if state.about().anonymous_reads || !CATALOGUE.iter().any(|prefix| path.starts_with(prefix)) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match Authenticated::from_request_parts(&mut parts, &state).await {
        Ok::<Authenticated, _>(_) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    }
}
