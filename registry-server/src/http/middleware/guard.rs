//! Keeps one request from hurting the others.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
    time::Duration,
};

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
    contained(state.limits().timeout, next.run(request)).await
}

/// Runs a handler so that a panic ends there, and neither a client that hangs up nor the time limit stops a decision
/// halfway.
///
/// What is answered from memory never waits, and is done the first time that it is asked to go on. Only what does wait
/// gets a task of its own.
async fn contained(limit: Duration, handler: impl Future<Output = Response> + Send + 'static) -> Response {
    let mut handler = Box::pin(handler);
    let begun = poll_fn(|context| {
        // What a panic leaves behind is the handler itself, which is not asked again.
        Poll::Ready(catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context))))
    });
    match begun.await {
        Ok(Poll::Ready(response)) => return response,
        Ok(Poll::Pending) => {}
        // The panic's own words are in the log.
        Err(_) => return Problem::internal_without_cause().into_response(),
    }
    match tokio::time::timeout(limit, tokio::spawn(handler)).await {
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

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use axum::{body::to_bytes, http::StatusCode};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_panic_says_nothing_about_itself() {
        let response = contained(LIMIT, async { panic!("secret of a tool: \u{1b}[2J") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }

    #[tokio::test]
    async fn a_panic_after_waiting_says_nothing_either() {
        let response = contained(LIMIT, async {
            tokio::task::yield_now().await;
            panic!("secret of a tool: \u{1b}[2J")
        })
        .await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }

    #[tokio::test]
    async fn a_client_who_hangs_up_does_not_stop_a_handler() {
        let done = Arc::new(AtomicBool::new(false));
        let flag = done.clone();
        let asked = contained(LIMIT * 100, async move {
            tokio::time::sleep(LIMIT).await;
            flag.store(true, Ordering::SeqCst);
            Response::default()
        });
        assert!(tokio::time::timeout(Duration::from_millis(1), asked).await.is_err(), "the client did not wait");
        tokio::time::sleep(LIMIT * 4).await;
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_slow_handler_is_answered_for_and_comes_to_its_end() {
        let done = Arc::new(AtomicBool::new(false));
        let flag = done.clone();
        let response = contained(LIMIT, async move {
            tokio::time::sleep(LIMIT * 2).await;
            flag.store(true, Ordering::SeqCst);
            Response::default()
        })
        .await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key("retry-after"));
        tokio::time::sleep(LIMIT * 4).await;
        assert!(done.load(Ordering::SeqCst));
    }
}
