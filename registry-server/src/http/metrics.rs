//! `GET /metrics`: numbers by route and state, never by name.

use std::{sync::Mutex, time::Duration};

use axum::{Router, extract::State, http::HeaderMap, response::Response, routing};
use tokio::time::Instant;

use super::{
    cache::{self, CachePolicy},
    error::{Problem, ProblemDocument},
    state::AppState,
};
use crate::service::Counts;

/// How long numbers of the database are good for: anybody may ask for metrics, and the database is not for anybody.
const FRESH: Duration = Duration::from_secs(1);

/// How long the database may take; without it there are still numbers, and one says that it is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the database was last asked.
#[derive(Debug, Default)]
pub struct LastAsked(Mutex<Option<Instant>>);

impl LastAsked {
    /// Whether it is time to ask again; if so, it counts as done.
    fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = last.is_none_or(|last| now.duration_since(last) >= FRESH);
        if due {
            *last = Some(now);
        }
        due
    }
}

/// Metrics in Prometheus text format
#[utoipa::path(get, path = "/metrics", tag = "operations", responses(
    (status = 200, description = "the document", content_type = "text/plain", body = String),
    (status = 404, description = "they are at another address", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub async fn metrics(State(state): State<AppState>) -> Result<Response, Problem> {
    if state.about().metrics_elsewhere { Err(Problem::no_such_path()) } else { Ok(document(state).await) }
}

/// The interface of an address that is for metrics alone.
pub fn alone(state: AppState) -> Router {
    Router::new().route("/metrics", routing::get(here)).with_state(state)
}

async fn here(State(state): State<AppState>) -> Response {
    document(state).await
}

async fn document(state: AppState) -> Response {
    gather(&state).await;
    let text = state.metrics().render();
    cache::respond(&HeaderMap::new(), CachePolicy::Private, "text/plain; version=0.0.4", text.into_bytes())
}

#[expect(clippy::cast_precision_loss, reason = "nothing here is counted beyond 2^52")]
async fn gather(state: &AppState) {
    let service = state.service();
    let live = service.live();
    metrics::gauge!("mcp_pin_registry_live_versions").set(live.len() as f64);
    metrics::gauge!("mcp_pin_registry_served_seq").set(live.sequence as f64);
    metrics::gauge!("mcp_pin_registry_event_followers").set(service.followers() as f64);
    if let Some(expires) = state.published().roots.expires() {
        metrics::gauge!("mcp_pin_signing_key_expiry_timestamp_seconds", "key" => "root")
            .set(expires.as_second() as f64);
    }
    if !state.metrics_asked().is_due() {
        return;
    }
    let counts = tokio::time::timeout(PATIENCE, service.counts()).await;
    let up = matches!(counts, Ok(Ok(_)));
    metrics::gauge!("mcp_pin_registry_database_up").set(if up { 1.0 } else { 0.0 });
    // Numbers that cannot be had stay as they were.
    let Ok(Ok(Counts { submissions, last_event })) = counts else { return };
    for (kind, count) in &submissions {
        metrics::gauge!("mcp_pin_registry_manifests", "state" => kind.as_str()).set(*count as f64);
        if *kind == crate::service::StateKind::Pending {
            metrics::gauge!("mcp_pin_approvals_pending").set(*count as f64);
        }
    }
    metrics::gauge!("mcp_pin_audit_last_seq").set(last_event as f64);
}
