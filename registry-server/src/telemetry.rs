//! Log lines and metrics.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    config::{Config, LogFormat},
    line_buffer::{LineBuffer, LineWriter},
};

/// Upper bounds in seconds of the request duration histogram: reads are answered from memory, writes wait for a disk.
const DURATION_BUCKETS: [f64; 10] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Sends log lines to standard error.
///
/// # Errors
/// The text of what is wrong with the filter.
pub(crate) fn log_to_stderr(config: &Config) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.log_filter).map_err(|error| error.to_string())?;
    let registry = tracing_subscriber::registry().with(filter);
    let buffer = LOG.get_or_init(|| LineBuffer::start(std::io::stderr()));
    let layer = tracing_subscriber::fmt::layer().with_writer(LineWriter(Arc::clone(buffer)));
    // A second server in one process (tests) keeps the first one's subscriber.
    let _ = match config.log_format {
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
    };
    Ok(())
}

/// Whether a filter of log lines is one.
///
/// # Errors
/// The text of what is wrong with it.
pub(crate) fn check_filter(filter: &str) -> Result<(), String> {
    EnvFilter::try_new(filter).map(drop).map_err(|error| error.to_string())
}

/// The lines on their way to standard error.
static LOG: OnceLock<Arc<LineBuffer>> = OnceLock::new();

/// Writes the lines that wait: before the process ends, and when something went wrong enough to.
pub(crate) fn flush_log() {
    if let Some(buffer) = LOG.get() {
        buffer.flush();
    }
}

/// The process's metrics; the recorder is installed on first use.
///
/// # Errors
/// The buckets are not acceptable, which they are.
pub(crate) fn metrics() -> Result<PrometheusHandle, BuildError> {
    static HANDLE: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    // Held over the whole installation: of two servers in one process (tests), both must get the installed recorder's
    // handle. A panic inside leaves what was there before.
    let mut installed = HANDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed; `/metrics` stays empty");
    }
    *installed = Some(handle.clone());
    describe();
    metrics::gauge!("mcp_pin_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// What each metric is. Their labels are routes, states and words of ours: never the text of a tool, never a person.
fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_gauge!("mcp_pin_build_info", "The version that runs, as a label");
    describe_counter!("mcp_pin_registry_http_requests_total", "Requests by route, method and status");
    describe_histogram!("mcp_pin_registry_http_request_duration_seconds", "Time to answer, by route and method");
    describe_gauge!("mcp_pin_registry_live_versions", "Versions that are live, as this node serves them");
    describe_gauge!("mcp_pin_registry_manifests", "Versions by state");
    describe_gauge!("mcp_pin_approvals_pending", "Versions that wait for consent");
    describe_gauge!("mcp_pin_audit_last_seq", "The sequence of the last event");
    describe_gauge!(
        "mcp_pin_registry_served_seq",
        "The sequence of the last event that this node's answers take into account"
    );
    describe_gauge!("mcp_pin_registry_database_up", "Whether the database answered when it was last asked");
    describe_gauge!("mcp_pin_registry_event_followers", "Open streams of events");
    describe_counter!("mcp_pin_registry_webhook_deliveries_total", "Deliveries to webhooks by outcome");
    describe_histogram!("mcp_pin_registry_webhook_delivery_duration_seconds", "Time that a delivery to a webhook took");
    describe_gauge!("mcp_pin_registry_webhooks", "Webhooks by state");
    describe_gauge!(
        "mcp_pin_registry_webhook_backlog",
        "Events that the webhook which is furthest behind was not told"
    );
    describe_counter!("mcp_pin_break_glass_total", "Versions put or kept live without the consents that they take");
    describe_counter!("mcp_pin_rollouts_halted_total", "Rollouts that were halted, by cause");
    describe_counter!("mcp_pin_drift_reports_total", "Reports of clients, by kind");
    describe_gauge!("mcp_pin_signing_key_expiry_timestamp_seconds", "When a document about the registry's keys ends");
}
