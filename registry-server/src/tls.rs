//! TLS by the server itself, and certificates of clients.
//!
//! Which certificate is presented can be changed while the server runs: files are read again when the process is told to
//! (SIGHUP), and when they are not acceptable those before stay. The floor is TLS 1.2, with the provider's own choice of
//! suites.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use mcp_pin_storage::{PrincipalError, PrincipalName, Role, Roles};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use serde::Deserialize;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use x509_cert::{
    Certificate,
    der::Decode as _,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// The largest PEM file: a chain of ten certificates is 20 kB.
const MAX_PEM_BYTES: u64 = 256 << 10;

/// `[tls]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TlsSection {
    /// The chain, the server's own certificate first (PEM). Relative to the configuration file, as all of these.
    certificate: PathBuf,
    /// The private key (PEM).
    key: PathBuf,
    /// Who issues certificates to clients (PEM).
    client_ca: Option<PathBuf>,
    /// Who clients are.
    #[serde(default)]
    client: Vec<ClientSection>,
}

/// One client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ClientSection {
    /// What the certificate names: `URI:spiffe://…` or `DNS:…`, exactly.
    san: String,
    principal: String,
    roles: Vec<String>,
    /// Limits it to these namespaces.
    namespaces: Option<BTreeSet<String>>,
}

/// How the server speaks TLS.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
    clients: BTreeMap<String, CertificateClient>,
}

/// Who a client with a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateClient {
    /// Who.
    pub principal: PrincipalName,
    /// What they carry.
    pub roles: Roles,
    /// The namespaces that they are limited to; none when they are not.
    pub namespaces: Option<BTreeSet<String>>,
}

/// Why the server does not speak TLS.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file that cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file that does not hold what it should.
    #[error("`{path}` holds no {what}: {problem}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A certificate and a key that do not belong together, or cannot be used.
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(rustls::Error),
    /// Clients that could never be recognised.
    #[error("[[tls.client]] `{0}`: {1}")]
    Client(String, &'static str),
    /// A principal or role that is none.
    #[error("[[tls.client]] `{0}`: {1}")]
    Principal(String, PrincipalError),
}

impl TlsSection {
    /// Reads what was written; files relative to the configuration's folder.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn read(self, folder: &Path) -> Result<TlsConfig, TlsError> {
        let mut clients = BTreeMap::new();
        for ClientSection { san, principal, roles, namespaces } in self.client {
            if self.client_ca.is_none() {
                return Err(TlsError::Client(san, "`client-ca` is missing: nobody could say who clients are"));
            }
            if !(san.starts_with("URI:") || san.starts_with("DNS:")) {
                return Err(TlsError::Client(san, "`san` begins with `URI:` or `DNS:`"));
            }
            let wrong = |error| TlsError::Principal(san.clone(), error);
            let principal = principal.parse().map_err(wrong)?;
            let roles = roles.iter().map(|role| role.parse::<Role>()).collect::<Result<Roles, _>>().map_err(wrong)?;
            if clients.insert(san.clone(), CertificateClient { principal, roles, namespaces }).is_some() {
                return Err(TlsError::Client(san, "is there twice"));
            }
        }
        Ok(TlsConfig {
            certificate: folder.join(self.certificate),
            key: folder.join(self.key),
            client_ca: self.client_ca.map(|path| folder.join(path)),
            clients,
        })
    }
}

/// TLS as it is now.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<TlsConfig>,
    current: Arc<ArcSwap<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub(crate) fn new(config: TlsConfig) -> Result<Self, TlsError> {
        let current = load(&config)?;
        Ok(Self { config: Arc::new(config), current: Arc::new(ArcSwap::new(current)) })
    }

    /// Reads the files again; when they are not acceptable, those before stay.
    pub(crate) fn reload(&self) {
        match load(&self.config) {
            Ok(next) => {
                self.current.store(next);
                tracing::info!("the certificate was read again");
            }
            Err(error) => {
                metrics::counter!("mcp_pin_tls_reload_failures_total").increment(1);
                tracing::error!(error.message = %error, error.source = ?std::error::Error::source(&error), "the certificate is not acceptable; the one before stays");
            }
        }
    }

    /// What greets the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Who a client is whose certificate was verified; none where it names nobody, or two.
    pub(crate) fn client(&self, chain: Option<&[CertificateDer<'_>]>) -> Option<CertificateClient> {
        let mut known = names(chain?.first()?).into_iter().filter_map(|name| self.config.clients.get(&name));
        let first = known.next()?;
        known.all(|other| other == first).then(|| first.clone())
    }
}

fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some((_, names))) = certificate.tbs_certificate.get::<SubjectAltName>() else { return Vec::new() };
    let text = |name: &GeneralName| match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(format!("URI:{}", uri.as_str())),
        GeneralName::DnsName(name) => Some(format!("DNS:{}", name.as_str())),
        _ => None,
    };
    names.0.iter().filter_map(text).collect()
}

fn load(config: &TlsConfig) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&config.certificate)?;
    let text = read(&config.key)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| TlsError::File {
        path: config.key.clone(),
        what: "private key",
        problem: error.to_string(),
    })?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?;
    let builder = match &config.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let bad = |problem: String| TlsError::File { path: path.clone(), what: "certificate authority", problem };
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| bad(error.to_string()))?;
            }
            // Clients without a certificate come with a token.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| bad(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut server = builder.with_single_cert(chain, key).map_err(TlsError::Unusable)?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(server))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let bad = |problem: String| TlsError::File { path: path.to_owned(), what: "certificate", problem };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|error| bad(error.to_string()))?;
    if chain.is_empty() { Err(bad("it is empty".to_owned())) } else { Ok(chain) }
}

fn read(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, TlsError> {
    use std::io::Read as _;
    let failed = |source| TlsError::Read { path: path.to_owned(), source };
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    std::fs::File::open(path).map_err(failed)?.take(MAX_PEM_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
