//! Keeps one request from hurting the others.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::http::{error::Problem, state::AppState};

/// Answers for a handler that panicked or does not come to an end, and for a request that no handler should see.
pub async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if has_nul(request.uri().path()) || request.uri().query().is_some_and(has_nul) {
        return Problem::bad_request("the address holds a NUL byte").into_response();
    }
    // A task of its own: a panic ends there, and a client that hangs up cannot stop a decision halfway.
    let answer = tokio::spawn(next.run(request));
    match tokio::time::timeout(state.limits().timeout, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => Problem::internal(&error).into_response(),
        Err(_) => {
            tracing::warn!("a request was not answered in time");
            Problem::unavailable().into_response()
        }
    }
}

/// Whether a part of an address holds a NUL byte, encoded once. (A raw one never gets past the HTTP parser.)
fn has_nul(text: &str) -> bool {
    text.contains("%00")
}
