//! What can be wrong with a configuration.

use std::{net::SocketAddr, path::PathBuf};

use mcp_pin_attest::{InstanceName, TrustedRootError};
use mcp_pin_storage_postgres::DatabaseUrlError;
use thiserror::Error;

use super::MAX_CONFIG_BYTES;
use crate::{login::LoginConfigError, policy_config::PolicyConfigError, tls::TlsError};

/// Why a server cannot be started with these settings.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large to be one.
    #[error("the configuration file `{0}` is larger than {MAX_CONFIG_BYTES} bytes")]
    TooLarge(PathBuf),
    /// The file is not what it should be; the message points at the line.
    #[error("{}:{line}: {problem}", .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// Why.
        problem: String,
    },
    /// A variable of the environment that is not what it should be.
    #[error("the environment variable `{name}`: {problem}")]
    Variable {
        /// Its name.
        name: String,
        /// Why.
        problem: String,
    },
    /// A trusted root that cannot be used.
    #[error("the trusted root `{path}` cannot be used")]
    TrustedRoot {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: TrustedRootError,
    },
    /// Two roots of one instance.
    #[error("[[sigstore]] names the instance `{0}` twice")]
    InstanceTwice(InstanceName),
    /// An issuer that cannot be asked safely.
    #[error(
        "the issuer `{0}` and its key set must be `https://…` (or `http://…` on this machine), without user, query and fragment"
    )]
    Issuer(String),
    /// Two answers to one question.
    #[error("[[oidc.issuer]] names `{0}` twice")]
    IssuerTwice(String),
    /// Nobody could say whom tokens are for.
    #[error("[[oidc.issuer]] needs `public-url`: it is the audience of the tokens")]
    NoAudience,
    /// TLS that could not be spoken.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Two ends of TLS.
    #[error("`[tls]` and `--behind-tls-proxy` exclude each other: one of the two speaks TLS")]
    TwiceTls,
    /// People could not log in.
    #[error(transparent)]
    Login(#[from] LoginConfigError),
    /// Tokens that outlive what they are for.
    #[error("`oidc.token-minutes` is at most 60")]
    TokenMinutes,
    /// What nothing can be decided by.
    #[error(transparent)]
    Policy(#[from] PolicyConfigError),
    /// Plain HTTP would leave this machine.
    #[error("`{0}` can be reached from other machines, and this server speaks plain HTTP there")]
    Exposed(SocketAddr),
    /// Two answers to one question.
    #[error("`--insecure-dev` and `--behind-tls-proxy` exclude each other")]
    ContradictoryExposure,
    /// The URL of the database is none.
    #[error("{0} is not acceptable")]
    Database(&'static str, #[source] DatabaseUrlError),
    /// Two answers to one question.
    #[error("{0}: one of them is enough")]
    DatabaseTwice(&'static str),
    /// The public address is none.
    #[error(
        "the public URL must be `https://…` (or `http://…` on this machine or with `--insecure-dev`), without user, query and fragment"
    )]
    PublicUrl,
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exposed(_) => Some(
                "listen on 127.0.0.1, or name a certificate under `[tls]`, or add `--behind-tls-proxy` when a proxy in front of it terminates TLS, or \
                 `--insecure-dev` to accept that tokens travel readable",
            ),
            Self::Database(..) => Some(
                "it is `postgres://user@host/database`, with `?sslmode=…&sslrootcert=…` after it where that is needed; \
                 without it, a file in the data directory is used",
            ),
            _ => None,
        }
    }
}
