//! Log lines and metrics.

use std::sync::{Mutex, PoisonError};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{Config, LogFormat};

/// Upper bounds in seconds of the request duration histogram: reads are answered from memory, writes wait for a disk.
const DURATION_BUCKETS: [f64; 10] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Sends log lines to standard error.
///
/// # Errors
/// The text of what is wrong with the filter.
pub(crate) fn log_to_stderr(config: &Config) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.log_filter).map_err(|error| error.to_string())?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A second server in one process (tests) keeps the first one's subscriber.
    let _ = match config.log_format {
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
    };
    Ok(())
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
    metrics::describe_counter!("mcp_pin_http_requests_total", "Requests by route, method and status");
    metrics::describe_histogram!("mcp_pin_http_request_duration_seconds", "Time to answer, by route and method");
    metrics::describe_gauge!("mcp_pin_live_versions", "Versions that are live");
    Ok(handle)
}
