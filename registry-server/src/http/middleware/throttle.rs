//! Refuses who asks too often without saying who they are.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::http::{rate::is_exempt, state::AppState};

/// Counts what comes without a token by address.
pub async fn throttle(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if is_exempt(request.uri().path(), request.headers()) {
        return next.run(request).await;
    }
    match state.rates().check_address(request.extensions(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
