//! Settings: flags over environment over configuration file over defaults. Unknown keys of the file are refused.

pub mod check;
mod error;
pub mod introspect;
pub mod layers;
pub mod show;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    num::NonZero,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::SignedDuration;
use mcp_pin_attest::{InstanceName, MAX_TRUSTED_ROOT_BYTES, RequiredEvidence, Roots, TrustedRoot};
use mcp_pin_storage_postgres::DatabaseUrl;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

pub use error::ConfigError;
use layers::Layers;

use crate::{
    authorization::{PolicySource, Preset},
    cli::ServeArguments,
    login::{LoginConfig, LoginSection},
    oidc::IssuerConfig,
    policy_config::{PolicyConfig, PolicySection, RingSection, RolloutSection},
    service::{DEFAULT_EXCHANGED_TOKEN_LIFETIME, Settings, default_roots},
    tls::{TlsConfig, TlsSection},
    webhooks::{Network, TargetPolicy},
};

/// Where everything is kept unless told otherwise, relative to the working directory.
pub const DEFAULT_DATA_DIR: &str = "mcp-pin-registry-data";

/// The address that is listened on unless told otherwise: this machine only.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8420";

/// A configuration file is a page of text; anything larger is the wrong file.
const MAX_CONFIG_BYTES: u64 = 256 << 10;

/// The longest that an exchanged token may be valid: it is for one run of a job.
const MAX_EXCHANGED_TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(60);

/// What stands between this process and a client on another machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Exposure {
    /// Nothing: only addresses of this machine may be listened on.
    #[default]
    LoopbackOnly,
    /// A proxy that terminates TLS and forwards to this process over a network that is trusted.
    BehindTlsProxy,
    /// Plain HTTP on a network. Tokens travel readable: for development only.
    InsecureDev,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LogFormat {
    /// One line of text per event.
    #[default]
    Text,
    /// One JSON object per event.
    Json,
}

/// The settings of one server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory that holds the database, the keys and the admin token.
    pub data_dir: PathBuf,
    /// The database on a server that holds the records, instead of a file in the data directory.
    pub database: Option<DatabaseUrl>,
    /// The address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// How the listening address may be exposed.
    pub exposure: Exposure,
    /// The address that clients use, where it differs from the listening one.
    pub public_url: Option<Url>,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// Which events are logged, as in `info,mcp_pin_registry=debug`.
    pub log_filter: String,
    /// The limits on requests.
    pub limits: RequestLimits,
    /// The trusted roots of Sigstore instances.
    pub roots: Roots,
    /// The issuers whose identity tokens are exchanged.
    pub issuers: Vec<IssuerConfig>,
    /// How long an exchanged token is valid.
    pub exchanged_token_lifetime: SignedDuration,
    /// What it takes to go live, and in which order.
    pub policy: PolicyConfig,
    /// Where webhooks may be.
    pub webhook_targets: TargetPolicy,
    /// Where metrics are, if not with everything else.
    pub metrics_listen: Option<SocketAddr>,
    /// Where the policies are.
    pub policies: PolicySource,
    /// How the server speaks TLS itself; none where it does not.
    pub tls: Option<TlsConfig>,
    /// How people log in; none where they do not.
    pub login: Option<LoginConfig>,
    /// The longest that a token which is issued by hand may be valid.
    pub longest_token: Option<SignedDuration>,
}

/// Limits on what one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// How long a request may take before it is answered with 503.
    pub timeout: Duration,
    /// How long a client may take to send the head of a request, and how long an idle connection is kept.
    pub header_timeout: Duration,
    /// How many connections are open at once; further ones wait in the system's queue.
    pub connections: usize,
    /// How many requests that change or verify something may run at once; the others wait for their turn.
    pub concurrent_writes: usize,
    /// How often somebody may ask.
    pub rates: Rates,
}

/// How often somebody may ask. What clients ask before they start a server is never limited.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// One address, without a token; none for no limit.
    pub anonymous: Option<Rate>,
    /// One principal, with however many tokens; none for no limit.
    pub principal: Option<Rate>,
}

/// A rate, and how far it may be exceeded for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a minute.
    pub per_minute: NonZero<u32>,
    /// Requests at once.
    pub burst: NonZero<u32>,
}

impl Rate {
    const fn new(per_minute: u32, burst: u32) -> Self {
        Self {
            per_minute: NonZero::new(per_minute).expect("the rates of this file are not 0"),
            burst: NonZero::new(burst).expect("the bursts of this file are not 0"),
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        // An office of some hundred people behind one address, each of whose editors reads a few pages of the catalogue
        // when it starts, and all of which start at nine. A page is answered from memory.
        const ANONYMOUS: Rate = Rate::new(3000, 1000);
        // A pipeline that releases a whole monorepo sends some hundred requests at once; each may be a decision, and
        // decisions are made one after another.
        const PRINCIPAL: Rate = Rate::new(1200, 600);
        Self { anonymous: Some(ANONYMOUS), principal: Some(PRINCIPAL) }
    }
}

impl Default for RequestLimits {
    fn default() -> Self {
        // A decision is a few signature checks and one transaction: milliseconds. 30 seconds leaves room for a busy
        // disk and still frees the connection of a client that stopped sending.
        // The head of a request is one packet; ten seconds is a bad mobile network.
        // 512 connections stay below the usual limit of 1024 open files of a process.
        // SQLite has one writer; 16 keeps it busy while bodies are read and signatures are checked.
        Self {
            timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(10),
            connections: 512,
            concurrent_writes: 16,
            rates: Rates::default(),
        }
    }
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    data_dir: Option<PathBuf>,
    database_url: Option<String>,
    /// Relative to the configuration file.
    database_url_file: Option<PathBuf>,
    listen: Option<SocketAddr>,
    exposure: Option<Exposure>,
    public_url: Option<Url>,
    /// `false` adds a policy that forbids the catalogue to whoever sends no token.
    anonymous_reads: Option<bool>,
    #[serde(default)]
    log: LogSection,
    #[serde(default)]
    limits: LimitsSection,
    #[serde(default)]
    sigstore: Vec<SigstoreSection>,
    #[serde(default)]
    oidc: OidcSection,
    #[serde(default)]
    policy: PolicySection,
    #[serde(default)]
    rollout: RolloutSection,
    #[serde(default)]
    ring: Vec<RingSection>,
    #[serde(default)]
    webhooks: WebhooksSection,
    #[serde(default)]
    metrics: MetricsSection,
    #[serde(default)]
    authorization: AuthorizationSection,
    #[serde(default)]
    tokens: TokensSection,
    login: Option<LoginSection>,
    tls: Option<TlsSection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MetricsSection {
    listen: Option<SocketAddr>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WebhooksSection {
    #[serde(default)]
    allow_networks: Vec<Network>,
}

/// Who may do what.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AuthorizationSection {
    #[serde(default)]
    preset: Preset,
    /// Relative to the configuration file.
    policies: Option<PathBuf>,
}

impl AuthorizationSection {
    fn source(self, file: Option<&Path>, anonymous_reads: Option<bool>) -> PolicySource {
        let folder = file.and_then(Path::parent).unwrap_or_else(|| Path::new(""));
        PolicySource {
            preset: self.preset,
            directory: self.policies.map(|directory| folder.join(directory)),
            closed: anonymous_reads == Some(false),
        }
    }
}

/// Tokens that are issued by hand.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TokensSection {
    max_days: Option<std::num::NonZeroU16>,
}

/// A Sigstore instance beside the public ones, or a newer root of one of those.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SigstoreSection {
    name: InstanceName,
    /// Relative to the configuration file.
    trusted_root: PathBuf,
    #[serde(default)]
    evidence: EvidenceWord,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EvidenceWord {
    #[default]
    Log,
    Timestamp,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OidcSection {
    #[serde(default)]
    issuer: Vec<IssuerConfig>,
    token_minutes: Option<std::num::NonZeroU8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LogSection {
    format: Option<LogFormat>,
    filter: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LimitsSection {
    request_timeout_seconds: Option<std::num::NonZeroU16>,
    connections: Option<std::num::NonZeroU16>,
    concurrent_writes: Option<std::num::NonZeroU16>,
    /// Requests a minute; 0 for no limit.
    anonymous_per_minute: Option<u32>,
    anonymous_burst: Option<NonZero<u32>>,
    /// Requests a minute; 0 for no limit.
    principal_per_minute: Option<u32>,
    principal_burst: Option<NonZero<u32>>,
}

/// A rate of the file over a default: another rate without a burst of its own may burst by a third of it.
fn rate(default: Option<Rate>, per_minute: Option<u32>, burst: Option<NonZero<u32>>) -> Option<Rate> {
    let rate = match per_minute {
        None => default?,
        Some(per_minute) => {
            let per_minute = NonZero::new(per_minute)?;
            Rate { per_minute, burst: NonZero::new(per_minute.get() / 3).unwrap_or(NonZero::<u32>::MIN) }
        }
    };
    Some(Rate { burst: burst.unwrap_or(rate.burst), ..rate })
}

impl Config {
    /// Merges the layers and refuses what is unsafe.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn resolve(arguments: &ServeArguments) -> Result<Self, ConfigError> {
        Self::resolve_in(arguments, &variables()).map(|(config, _)| config)
    }

    /// Like [`Config::resolve`], in a given environment; also says where the settings come from.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn resolve_in(
        arguments: &ServeArguments,
        variables: &[(String, String)],
    ) -> Result<(Self, Layers), ConfigError> {
        let (file, layers) = Layers::read::<File>(arguments.config.as_deref(), variables)?;
        Ok((Self::merge(arguments, file)?, layers))
    }

    /// Every setting that a file or the environment may hold.
    #[must_use]
    pub fn settings() -> Vec<introspect::Setting> {
        introspect::settings::<File>()
    }

    fn merge(arguments: &ServeArguments, file: File) -> Result<Self, ConfigError> {
        let exposure = match (arguments.insecure_dev, arguments.behind_tls_proxy) {
            (true, true) => return Err(ConfigError::ContradictoryExposure),
            (true, false) => Exposure::InsecureDev,
            (false, true) => Exposure::BehindTlsProxy,
            (false, false) => file.exposure.unwrap_or_default(),
        };
        let default = RequestLimits::default();
        let database = database(arguments, &file)?;
        let public_url = arguments.public_url.clone().or(file.public_url);
        let folder = arguments.config.as_deref().and_then(Path::parent).unwrap_or_else(|| Path::new(""));
        let config = Self {
            database,
            tls: file.tls.map(|section| section.read(folder)).transpose()?,
            login: file.login.map(|section| section.read(folder, public_url.as_ref())).transpose()?,
            data_dir: arguments.data_dir.clone().or(file.data_dir).unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR)),
            listen: arguments
                .listen
                .or(file.listen)
                .unwrap_or_else(|| DEFAULT_LISTEN.parse().expect("the default address is an address")),
            exposure,
            public_url,
            log_format: arguments.log_format.or(file.log.format).unwrap_or_default(),
            log_filter: arguments.log_filter.clone().or(file.log.filter).unwrap_or_else(|| "info".to_owned()),
            limits: RequestLimits {
                timeout: file
                    .limits
                    .request_timeout_seconds
                    .map_or(default.timeout, |seconds| Duration::from_secs(seconds.get().into())),
                connections: file.limits.connections.map_or(default.connections, |count| count.get().into()),
                concurrent_writes: file
                    .limits
                    .concurrent_writes
                    .map_or(default.concurrent_writes, |writes| writes.get().into()),
                rates: Rates {
                    anonymous: rate(
                        default.rates.anonymous,
                        file.limits.anonymous_per_minute,
                        file.limits.anonymous_burst,
                    ),
                    principal: rate(
                        default.rates.principal,
                        file.limits.principal_per_minute,
                        file.limits.principal_burst,
                    ),
                },
                ..default
            },
            roots: roots(&file.sigstore, arguments.config.as_deref())?,
            policy: PolicyConfig { policy: file.policy, rollout: file.rollout, rings: file.ring },
            policies: file.authorization.source(arguments.config.as_deref(), file.anonymous_reads),
            longest_token: file.tokens.max_days.map(|days| SignedDuration::from_hours(24 * i64::from(days.get()))),
            issuers: file.oidc.issuer,
            exchanged_token_lifetime: file
                .oidc
                .token_minutes
                .map_or(DEFAULT_EXCHANGED_TOKEN_LIFETIME, |minutes| SignedDuration::from_mins(minutes.get().into())),
            webhook_targets: TargetPolicy {
                allowed: file.webhooks.allow_networks,
                insecure_dev: exposure == Exposure::InsecureDev,
            },
            metrics_listen: file.metrics.listen,
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.tls.is_some() && self.exposure == Exposure::BehindTlsProxy {
            return Err(ConfigError::TwiceTls);
        }
        if self.tls.is_none() && self.exposure == Exposure::LoopbackOnly && !self.listen.ip().is_loopback() {
            return Err(ConfigError::Exposed(self.listen));
        }
        if let Some(url) = &self.public_url {
            let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            let scheme = match url.scheme() {
                "https" => true,
                "http" => local || self.exposure == Exposure::InsecureDev,
                _ => false,
            };
            let plain = url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.path() == "/";
            if !scheme || !plain {
                return Err(ConfigError::PublicUrl);
            }
        }
        let mut urls = BTreeSet::new();
        for issuer in &self.issuers {
            if !issuer.is_acceptable() {
                return Err(ConfigError::Issuer(issuer.url.clone()));
            }
            if !urls.insert(&issuer.url) {
                return Err(ConfigError::IssuerTwice(issuer.url.clone()));
            }
        }
        if !self.issuers.is_empty() && self.public_url.is_none() {
            return Err(ConfigError::NoAudience);
        }
        self.policy.apply(Settings::default())?;
        if self.exchanged_token_lifetime > MAX_EXCHANGED_TOKEN_LIFETIME {
            return Err(ConfigError::TokenMinutes);
        }
        Ok(())
    }
}

/// Where the records are: flags and environment win over the file, as a whole.
fn database(arguments: &ServeArguments, file: &File) -> Result<Option<DatabaseUrl>, ConfigError> {
    let folder = arguments.config.as_deref().and_then(Path::parent).unwrap_or_else(|| Path::new(""));
    let from_file = |path: &Path| {
        let fail = |source| ConfigError::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(fail)?.len() > MAX_CONFIG_BYTES {
            return Err(ConfigError::TooLarge(path.to_owned()));
        }
        std::fs::read_to_string(path).map(Zeroizing::new).map_err(fail)
    };
    let (what, text) = match (&arguments.database_url, &arguments.database_url_file) {
        (Some(_), Some(_)) => {
            return Err(ConfigError::DatabaseTwice("`DATABASE_URL` and `--database-url-file` are given"));
        }
        // An empty variable is how a container says that there is none.
        (Some(text), None) if text.trim().is_empty() => return Ok(None),
        (Some(text), None) => ("`DATABASE_URL`", Zeroizing::new(text.clone())),
        (None, Some(path)) => ("what `--database-url-file` names", from_file(path)?),
        (None, None) => match (&file.database_url, &file.database_url_file) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::DatabaseTwice("`database-url` and `database-url-file` are given"));
            }
            (Some(text), None) => ("`database-url`", Zeroizing::new(text.clone())),
            (None, Some(path)) => ("what `database-url-file` names", from_file(&folder.join(path))?),
            (None, None) => return Ok(None),
        },
    };
    text.parse().map(Some).map_err(|error| ConfigError::Database(what, error))
}

/// The roots that this program was built with, and those of the file in addition or in their place.
fn roots(sections: &[SigstoreSection], file: Option<&Path>) -> Result<Roots, ConfigError> {
    let mut roots = default_roots();
    let folder = file.and_then(Path::parent).unwrap_or_else(|| Path::new(""));
    let mut names = BTreeSet::new();
    for section in sections {
        let path = folder.join(&section.trusted_root);
        let fail = |source| ConfigError::Read { path: path.clone(), source };
        if !names.insert(&section.name) {
            return Err(ConfigError::InstanceTwice(section.name.clone()));
        }
        if std::fs::metadata(&path).map_err(fail)?.len() > MAX_TRUSTED_ROOT_BYTES as u64 {
            return Err(ConfigError::TooLarge(path));
        }
        let bytes = std::fs::read(&path).map_err(fail)?;
        let evidence = match section.evidence {
            EvidenceWord::Log => RequiredEvidence::Log,
            EvidenceWord::Timestamp => RequiredEvidence::Timestamp,
        };
        let root = TrustedRoot::from_json(section.name.clone(), &bytes, evidence)
            .map_err(|source| ConfigError::TrustedRoot { path: path.clone(), source })?;
        roots.insert(root);
    }
    Ok(roots)
}

/// The variables of this process's environment that are text.
#[must_use]
pub fn variables() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Where a configuration file, and the environment over it, say that the policies are.
///
/// # Errors
/// When they are no configuration.
pub fn policy_source(path: Option<&Path>) -> Result<PolicySource, ConfigError> {
    let (file, _) = Layers::read::<File>(path, &variables())?;
    Ok(file.authorization.source(path, file.anonymous_reads))
}
