//! What every handler can reach.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::{cursor::CursorKey, error::Problem, metrics::LastAsked, rate::RateLimits};
use crate::{
    config::RequestLimits, log::PublishedLog, login::Provider, oidc::Issuers, root::ServedRoots, service::Service,
    webhooks::Sender,
};

/// The state of the HTTP interface. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    service: Service,
    cursors: CursorKey,
    limits: RequestLimits,
    writes: Arc<Semaphore>,
    metrics: PrometheusHandle,
    metrics_asked: LastAsked,
    sender: Option<Sender>,
    about: About,
    openapi: String,
    issuers: Issuers,
    login: Option<Provider>,
    published: Published,
    rates: RateLimits,
}

/// What the registry says about itself.
#[derive(Clone, Debug)]
pub struct About {
    /// The address that clients use, where it is known.
    pub public_url: Option<Url>,
    /// Whether metrics have an address of their own, and are not here.
    pub metrics_elsewhere: bool,
}

/// What the registry publishes about its own keys.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Who speaks for it, by version.
    pub roots: ServedRoots,
    /// What Sigstore clients trust of its log; none without a log key or a public address.
    pub trusted_root: Option<Vec<u8>>,
    /// The log; none without a public address.
    pub log: Option<PublishedLog>,
}

impl AppState {
    /// Puts the state together.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "each part is named once, where the server is put together")]
    pub fn new(
        service: Service,
        cursors: CursorKey,
        limits: RequestLimits,
        metrics: PrometheusHandle,
        about: About,
        issuers: Issuers,
        login: Option<Provider>,
        published: Published,
        rates: RateLimits,
    ) -> Self {
        let sender = Sender::new(service.settings().webhook_targets.clone())
            .inspect_err(|error| tracing::error!(error = %error, "nothing can be delivered to webhooks"))
            .ok();
        Self(Arc::new(Inner {
            sender,
            service,
            cursors,
            limits,
            writes: Arc::new(Semaphore::new(limits.concurrent_writes)),
            metrics,
            metrics_asked: LastAsked::default(),
            about,
            openapi: super::openapi_document(),
            issuers,
            login,
            published,
            rates,
        }))
    }

    /// What decides.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// The key of page cursors.
    #[must_use]
    pub fn cursors(&self) -> &CursorKey {
        &self.0.cursors
    }

    /// The limits on requests.
    #[must_use]
    pub fn limits(&self) -> RequestLimits {
        self.0.limits
    }

    /// The metrics of the process.
    #[must_use]
    pub fn metrics(&self) -> &PrometheusHandle {
        &self.0.metrics
    }

    /// What delivers to webhooks; none where the HTTP client cannot be made.
    #[must_use]
    pub fn sender(&self) -> Option<&Sender> {
        self.0.sender.as_ref()
    }

    /// When the database was last asked for numbers.
    #[must_use]
    pub fn metrics_asked(&self) -> &LastAsked {
        &self.0.metrics_asked
    }

    /// What the registry publishes about its own keys.
    #[must_use]
    pub fn published(&self) -> &Published {
        &self.0.published
    }

    /// How often somebody may ask.
    #[must_use]
    pub fn rates(&self) -> &RateLimits {
        &self.0.rates
    }

    /// Whose identity tokens are believed.
    #[must_use]
    pub fn issuers(&self) -> &Issuers {
        &self.0.issuers
    }

    /// How people log in; none where they do not.
    #[must_use]
    pub fn login(&self) -> Option<&Provider> {
        self.0.login.as_ref()
    }

    /// What the registry says about itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.0.about
    }

    /// The OpenAPI document.
    #[must_use]
    pub fn openapi(&self) -> &str {
        &self.0.openapi
    }

    /// Waits for a turn to do something expensive.
    ///
    /// # Errors
    /// When the server is shutting down.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.0.writes).acquire_owned().await.map_err(|_| Problem::unavailable())
    }
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppState").field("about", &self.0.about).finish_non_exhaustive()
    }
}
