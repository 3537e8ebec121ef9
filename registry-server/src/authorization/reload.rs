//! Policies are read again when the process is told to (SIGHUP).

use crate::service::Service;

/// Reads the policies of the configuration again, and puts them in force; when one of them is bad, those before stay.
pub(crate) async fn reload(service: &Service) {
    let source = service.settings().policies.clone();
    let loaded = tokio::task::spawn_blocking(move || source.load()).await;
    let problem = match loaded {
        Ok(Ok(policies)) => match service.adopt_policies(policies).await {
            Ok(()) => return,
            Err(error) => error.to_string(),
        },
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    metrics::counter!("mcp_pin_policy_reload_failures_total").increment(1);
    tracing::error!(error.message = problem, "the policies are not acceptable; those before stay in force");
}
