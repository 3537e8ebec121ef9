//! `GET /metrics`: numbers by route, never by name.

use axum::{extract::State, http::HeaderMap, response::Response};

use super::{
    cache::{self, CachePolicy},
    state::AppState,
};

/// Metrics in Prometheus text format
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, description = "the document", content_type = "text/plain", body = String)))]
pub async fn metrics(State(state): State<AppState>) -> Response {
    #[expect(clippy::cast_precision_loss, reason = "a catalogue of 2^52 versions does not fit in memory")]
    metrics::gauge!("mcp_pin_live_versions").set(state.service().live().len() as f64);
    let text = state.metrics().render();
    cache::respond(&HeaderMap::new(), CachePolicy::Private, "text/plain; version=0.0.4", text.into_bytes())
}
