//! Starting and stopping.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aws_lc_rs::rand;
use jiff::Timestamp;
use mcp_pin_storage::{StorageError, Store};
use mcp_pin_storage_postgres::{PostgresStore, Protection};
use mcp_pin_storage_sqlite::SqliteStore;
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinSet};
use zeroize::Zeroizing;

use crate::{
    authorization::{self, PolicyError},
    config::Config,
    data_dir::{DataDir, DataDirError, Existing, write_secret},
    http::{
        self, AppState,
        cursor::CursorKey,
        rate::RateLimits,
        state::{About, Published},
    },
    listen,
    log::{self, LogError, LogFiles, Publisher},
    login::Provider,
    oidc::{FetchError, Issuers},
    policy_config::PolicyConfigError,
    root::{LogKey, RootError, RootStore},
    service::{Clock, News, Random, Service, ServiceError, Settings, SystemClock, SystemRandom},
    telemetry,
    tls::{Tls, TlsError},
    ui,
    webhooks::{self, Vault, dispatch::Dispatcher},
};

/// The file of the key that secrets of webhooks are sealed with.
const WEBHOOK_KEY: &str = "webhook.key";

/// Why a server did not start, or stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// What is in it cannot be used.
    #[error("the registry in the data directory cannot be opened")]
    Start(#[source] ServiceError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The root cannot be served: it does not verify, or has expired.
    #[error("the registry's root cannot be served")]
    Root(#[from] RootError),
    /// The log must not be published.
    #[error("the log cannot be published")]
    Log(#[from] LogError),
    /// Nothing can be decided by the configuration.
    #[error(transparent)]
    Policy(#[from] PolicyConfigError),
    /// TLS cannot be spoken.
    #[error("cannot speak TLS")]
    Tls(#[from] TlsError),
    /// The policies are not acceptable.
    #[error("the policies cannot be put in force")]
    Policies(#[from] PolicyError),
    /// Issuers of identity tokens could never be asked.
    #[error("cannot set up the HTTP client")]
    Client(#[from] FetchError),
    /// The process is not as it should be.
    #[error("cannot set up metrics")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

impl ServeError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Data(error) => error.hint(),
            Self::Log(error) => error.hint(),
            Self::Root(_) => Some("`mcp-pin-registry keys show` says what it says; `keys rotate` drafts the next one"),
            Self::Policies(_) => Some("`mcp-pin-registry policy check` says the same without a start"),
            Self::Listen { .. } => Some("choose another address with `--listen`; port 0 picks a free one"),
            _ => None,
        }
    }
}

impl From<StorageError> for ServeError {
    fn from(error: StorageError) -> Self {
        Self::Start(error.into())
    }
}

/// Time and randomness of a server.
#[derive(Clone)]
pub struct Environment {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and tokens.
    pub random: Arc<dyn Random>,
}

impl Default for Environment {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }
}

/// A server that is ready to answer.
pub struct Server {
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    tls: Option<Tls>,
    address: SocketAddr,
    state: AppState,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    publisher: Option<Publisher>,
    admin_token: Option<Zeroizing<String>>,
    // Held until the store is closed.
    data_dir: DataDir,
}

impl Server {
    /// Opens the data directory and the address. Nothing is answered before [`Server::run`].
    ///
    /// # Errors
    /// See [`ServeError`].
    pub async fn open(config: &Config, environment: Environment) -> Result<Self, ServeError> {
        let metrics = telemetry::metrics()?;
        let policies = config.policies.load()?;
        let tls = config.tls.clone().map(Tls::new).transpose()?;
        let data_dir = DataDir::open(&config.data_dir)?;
        // Before anything is written, so that a first start on an occupied address leaves nothing half done.
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| ServeError::Listen { address: config.listen, source })?;
        let address = listener.local_addr().map_err(|source| ServeError::Listen { address: config.listen, source })?;
        let metrics_listener = match config.metrics_listen {
            Some(address) => {
                Some(TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?)
            }
            None => None,
        };
        let store = open_store(config, &data_dir).await?;
        let settings = Settings {
            roots: config.roots.clone(),
            exchanged_token_lifetime: config.exchanged_token_lifetime,
            policies: config.policies.clone(),
            longest_token: config.longest_token,
            webhook_targets: config.webhook_targets.clone(),
            vault: Some(Arc::new(Vault::new(&*data_dir.key(WEBHOOK_KEY, random_key)?))),
            ..Settings::default()
        };
        let settings = config.policy.apply(settings)?;
        let Environment { clock, random } = environment;
        let service =
            Service::open(Arc::clone(&store), Arc::clone(&clock), random, settings).await.map_err(ServeError::Start)?;
        let path = data_dir.admin_token();
        // A file that is there already is of a first start that did not come to its end, or of another database: its
        // token is worth nothing here.
        let keep = move |token: &str| {
            write_secret(&path, token, Existing::Replace)
                .map_err(|error| ServiceError::Internal(format!("the admin token cannot be kept: {error}")))
        };
        let admin_token = service.bootstrap_keeping(keep).await.map_err(ServeError::Start)?;
        warn_of_sealed_webhooks(&*store, service.settings()).await?;
        service.adopt_policies(policies).await.map_err(ServeError::Start)?;
        let (log_key, is_new) = log_key(config, &data_dir, clock.now())?;
        let cursors = if config.database.is_some() {
            let own = log_key.as_ref().map(LogKey::id);
            CursorKey::new(&*service.agree_with_nodes(random_key(), own.as_deref()).await.map_err(ServeError::Start)?)
        } else {
            CursorKey::new(&*data_dir.key("cursor.key", random_key)?)
        };
        // After the other nodes agreed: one that they have no use for is not kept.
        if let Some(key) = log_key.as_ref().filter(|_| is_new) {
            data_dir.keep_log_key(key)?;
        }
        let audience = config.public_url.as_ref().map_or_else(String::new, origin);
        let issuers = Issuers::new(audience, config.issuers.clone())?;
        let login = match (&config.login, &config.public_url) {
            (Some(login), Some(url)) => {
                let mut callback = url.clone();
                callback.set_path("/v1/login/callback");
                Some(Provider::new(login.clone(), &callback)?)
            }
            _ => None,
        };
        let roots = RootStore::new(&config.data_dir).load(log_key.as_ref().map(LogKey::id).as_deref(), clock.now())?;
        let known_log = log_key.as_ref().zip(config.public_url.as_ref());
        let trusted_root = known_log.map(|(key, url)| key.trusted_root(url));
        let publisher = match known_log {
            Some((key, url)) => {
                let files = LogFiles::new(data_dir.log());
                Some(Publisher::open(files, key.identity(url), &*store, clock.now()).await?)
            }
            None => None,
        };
        let about = About { public_url: config.public_url.clone(), metrics_elsewhere: config.metrics_listen.is_some() };
        let rates = RateLimits::new(config.limits.rates, config.exposure);
        let log = publisher.as_ref().map(Publisher::published).transpose()?;
        let published = Published { roots, trusted_root, log };
        let state = AppState::new(service, cursors, config.limits, metrics, about, issuers, login, published, rates);
        Ok(Self { listener, metrics_listener, tls, address, state, store, clock, publisher, admin_token, data_dir })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first token, on first start only.
    #[must_use]
    pub fn admin_token(&self) -> Option<&str> {
        self.admin_token.as_ref().map(|token| token.as_str())
    }

    /// Where metrics are, where they have an address of their own.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// The interface without the socket, for tests.
    pub fn router(&self) -> axum::Router {
        http::router(self.state.clone())
    }

    /// Answers until `stop` is ready, then lets what has begun come to its end.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let Self { listener, metrics_listener, tls, state, store, clock, publisher, data_dir, .. } = self;
        let limits = state.limits();
        let service = state.service().clone();
        let sweeper = tokio::spawn(sweep(service.clone()));
        let reloader = tokio::spawn(reload_when_told(service.clone(), tls.clone()));
        let mut behind = JoinSet::new();
        behind.spawn(service.clone().watch_store());
        if let Some(publisher) = publisher {
            behind.spawn(log::keep_published(publisher, service.clone(), Arc::clone(&store), clock));
        }
        if let Some(sender) = state.sender() {
            let owner = hex::encode(random_key());
            behind.spawn(Dispatcher::new(service.clone(), sender.clone(), owner).run());
        }
        if let Some(listener) = metrics_listener {
            let router = http::metrics::alone(state.clone());
            let mut following = service.watch_events();
            // It ends with everything else.
            let stop = async move { while following.news(u64::MAX).await != News::Stopping {} };
            behind.spawn(listen::answer(listener, None, router, limits, stop));
        }
        let stop = async {
            stop.await;
            // Open streams end first, so that their readers hear why.
            service.stop_following();
        };
        listen::answer(listener, tls, http::router(state), limits, stop).await;
        // A decision that has begun comes to its end all the same.
        sweeper.abort();
        reloader.abort();
        // What was delivered is noted before the store closes; a delivery takes seconds at most.
        if tokio::time::timeout(webhooks::send::TIMEOUT, behind.join_all()).await.is_err() {
            tracing::warn!("a delivery to a webhook was cut off; it is repeated after the next start");
        }
        store.close().await;
        drop(data_dir);
    }
}

/// The store that the configuration names.
async fn open_store(config: &Config, data_dir: &DataDir) -> Result<Arc<dyn Store>, ServeError> {
    let Some(url) = &config.database else {
        return Ok(Arc::new(SqliteStore::open(&data_dir.database()).await?));
    };
    if data_dir.database().exists() {
        tracing::warn!(
            path = %data_dir.database().display(),
            "the data directory holds a database that is not used: the records are in the one of the URL"
        );
    }
    if url.protection() == Protection::Unverified {
        tracing::warn!(
            database.url = %url,
            "the way to the database is not protected: with `sslmode=verify-full` its server would prove its name"
        );
    }
    Ok(Arc::new(PostgresStore::open(url).await?))
}

/// Nodes have one key for the secrets of webhooks among them, in files that the operator gives to them: a copy of the
/// database alone must not be enough to speak to receivers.
async fn warn_of_sealed_webhooks(store: &dyn Store, settings: &Settings) -> Result<(), ServeError> {
    let Some(vault) = &settings.vault else { return Ok(()) };
    let webhooks = store.read().await?.webhooks().await?;
    let others = webhooks.iter().filter(|webhook| vault.open(webhook.id.as_str(), &webhook.secret).is_none()).count();
    if others > 0 {
        tracing::warn!(
            webhooks = others,
            "webhooks are sealed with another `webhook.key` than this one's: only a node that has it tells them"
        );
    }
    Ok(())
}

/// Starts the server, says where it is, and runs it until the process is told to stop.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(config: Config) -> Result<(), ServeError> {
    log_panics();
    let server = Server::open(&config, Environment::default()).await?;
    if let Some(token) = server.admin_token() {
        ui::say("first start: this is the administrator's token, and it is not shown again");
        ui::say(token);
        ui::say(&format!("it is also kept in `{}`", server.data_dir.admin_token().display()));
    }
    let scheme = if server.tls.is_some() { "https" } else { "http" };
    ui::data(&format!("listening on {scheme}://{}", server.address()));
    if let Some(address) = server.metrics_address() {
        tracing::info!(server.address = %address, "metrics");
    }
    tracing::info!(server.address = %server.address(), "listening");
    server.run(told_to_stop()).await;
    tracing::info!("stopped");
    Ok(())
}

/// How often it is looked for what is due. A break-glass is over within this time of its end.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Decides what is due, as long as the server runs.
async fn sweep(service: Service) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        match service.sweep().await {
            Ok(_) => failing = false,
            // Once, not every second for as long as the database is away.
            Err(error) => {
                if !failing {
                    tracing::error!(error = %error, "what is due cannot be decided");
                }
                failing = true;
            }
        }
    }
}

/// A panic's text may hold what a client sent: into the log, quoted, and nowhere else.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(panic.message = ?panic.payload_as_str(), panic.location = ?panic.location(), "panic");
        // It may be the last thing that this process says.
        telemetry::flush_log();
    }));
}

/// An address as clients write it: without the slash that stands for an empty path.
pub(crate) fn origin(url: &url::Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// The log's key, and whether it was made just now. A registry that knows its address makes one at its first start, so that
/// there is no decision that is not in its log; once there is a root, the key is the one that it names, and is brought here
/// by whoever sets up another node.
fn log_key(config: &Config, data_dir: &DataDir, now: Timestamp) -> Result<(Option<LogKey>, bool), ServeError> {
    if let Some(key) = data_dir.log_key()? {
        return Ok((Some(key), false));
    }
    if config.public_url.is_none() || RootStore::new(&config.data_dir).read()?.current().is_some() {
        return Ok((None, false));
    }
    let key = LogKey::new(Zeroizing::new(random_key()), now);
    let is_new = key.is_some();
    Ok((key, is_new))
}

fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    rand::fill(&mut key).expect("the operating system provides randomness");
    key
}

/// Reads again what can be read again, each time the process is told to (SIGHUP). Never ready.
async fn reload_when_told(service: Service, tls: Option<Tls>) {
    #[cfg(unix)]
    if let Ok(mut signal) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
        while signal.recv().await.is_some() {
            tracing::info!("told to read policies and certificates again");
            if let Some(tls) = &tls {
                tls.reload();
            }
            authorization::reload::reload(&service).await;
        }
    }
    std::future::pending::<()>().await;
}

/// Ready when the process is told to stop: SIGTERM or SIGINT.
async fn told_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
