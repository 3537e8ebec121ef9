//! The address of a database.

use std::{fmt, net::IpAddr, str::FromStr};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use thiserror::Error;
use url::{Host, Url};
use zeroize::Zeroizing;

/// Why a text is no address of a database. The text is not repeated: it may hold a password.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseUrlError {
    /// Not a URL at all.
    #[error("the database URL is not a URL: {0}")]
    Url(url::ParseError),
    /// A URL of something else.
    #[error("the database URL begins with `{0}:`, not with `postgres:`")]
    Scheme(String),
    /// It names no server: which one is meant would depend on the environment.
    #[error("the database URL names no host: it is `postgres://user@host/database`")]
    NoHost,
    /// It names no database.
    #[error("the database URL names no database: it is `postgres://user@host/database`")]
    NoDatabase,
    /// A parameter that this program does not know, or may not be told.
    #[error("the database URL has an unknown parameter `{0}`")]
    Parameter(String),
    /// A parameter with a value that cannot be.
    #[error("the database URL is not acceptable: {0}")]
    Options(String),
}

/// The parameters of a URL that are passed on. Others are refused: a misspelt `sslmode` must not go unnoticed.
const PARAMETERS: [&str; 9] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "hostaddr", "port", "application_name", "options"];

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It does not leave this machine.
    Local,
    /// TLS to a server whose certificate, and with `verify-full` also whose name, was checked.
    Verified,
    /// TLS to whoever answers, or none at all. Only ever because the URL says so.
    Unverified,
}

/// The address of a PostgreSQL database, with the password where there is one. Shown without it.
///
/// Without `sslmode`, a server on another machine must prove its name (`verify-full`); any other mode must be spelt out.
#[derive(Clone)]
pub struct DatabaseUrl {
    text: Zeroizing<String>,
    shown: String,
    protection: Protection,
    mode: Option<PgSslMode>,
}

impl DatabaseUrl {
    /// How the way to the server is protected.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// What to connect with.
    pub(crate) fn options(&self) -> Result<PgConnectOptions, DatabaseUrlError> {
        let options: PgConnectOptions =
            self.text.parse().map_err(|error: sqlx::Error| DatabaseUrlError::Options(error.to_string()))?;
        let local = self.protection == Protection::Local;
        let mode = self.mode.unwrap_or(if local { PgSslMode::Prefer } else { PgSslMode::VerifyFull });
        Ok(options.ssl_mode(mode))
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(DatabaseUrlError::Url)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(DatabaseUrlError::Scheme(url.scheme().to_owned()));
        }
        if url.path().trim_start_matches('/').is_empty() {
            return Err(DatabaseUrlError::NoDatabase);
        }
        let mut host = url.host().map(|host| host.to_owned()).filter(|host| host.to_string() != "");
        let mut socket = false;
        let mut mode = None;
        for (key, value) in url.query_pairs() {
            match &*key {
                "host" if value.starts_with('/') => socket = true,
                "host" | "hostaddr" => {
                    socket = false;
                    host = Host::parse(&value).ok();
                }
                "sslmode" => {
                    let parsed: Result<PgSslMode, _> = value.parse();
                    mode = Some(parsed.map_err(|_| DatabaseUrlError::Options(format!("sslmode `{value}`")))?);
                }
                // A password belongs before the `@`, where it is known to be one.
                key if !PARAMETERS.contains(&key) => return Err(DatabaseUrlError::Parameter(key.to_owned())),
                _ => {}
            }
        }
        if host.is_none() && !socket {
            return Err(DatabaseUrlError::NoHost);
        }
        let local = socket
            || match &host {
                None => false,
                Some(Host::Ipv4(address)) => address.is_loopback(),
                Some(Host::Ipv6(address)) => address.is_loopback(),
                // Hosts of this scheme are not looked at by the URL parser: an IPv4 address is a name to it.
                Some(Host::Domain(name)) => {
                    name == "localhost"
                        || name.starts_with("%2F")
                        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
                }
            };
        let protection = match mode {
            _ if local => Protection::Local,
            None | Some(PgSslMode::VerifyFull | PgSslMode::VerifyCa) => Protection::Verified,
            Some(PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer | PgSslMode::Require) => {
                Protection::Unverified
            }
        };
        let mut shown = url;
        // Neither can fail for a URL that has a host; without one there is no password either.
        let _ = shown.set_password(None);
        shown.set_query(None);
        shown.set_fragment(None);
        let parsed = Self { text: Zeroizing::new(text.to_owned()), shown: shown.to_string(), protection, mode };
        parsed.options()?;
        Ok(parsed)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&self.shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
        text.parse()
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = parse("postgres://registry:hunter2@db.acme.example/mcp?sslmode=verify-full").unwrap();
        assert_eq!(url.to_string(), "postgres://registry@db.acme.example/mcp");
        assert!(!format!("{url:?}").contains("hunter2"));
        for wrong in [
            "postgres://registry:hunter2@db.acme.example",
            "postgres://registry:hunter2@db.acme.example/mcp?sslmode=verify",
            "postgres://registry:hunter2@db.acme.example/mcp?ssl=on",
            "postgres://registry:hunter2@db.acme.example:port/mcp",
            "mysql://registry:hunter2@db.acme.example/mcp",
            "registry:hunter2@db.acme.example/mcp",
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn another_machine_must_prove_its_name_unless_told_otherwise() {
        let mode = |text: &str| parse(text).unwrap().options().unwrap().get_ssl_mode();
        assert!(matches!(mode("postgres://registry@db.acme.example/mcp"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://registry@10.0.0.7/mcp"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://registry@127.0.0.1/mcp?host=db.acme.example"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://registry@localhost/mcp"), PgSslMode::Prefer));
        assert!(matches!(mode("postgres://registry@db.acme.example/mcp?sslmode=disable"), PgSslMode::Disable));
    }

    #[test]
    fn an_unprotected_way_is_known_as_one() {
        let protection = |text: &str| parse(text).unwrap().protection();
        for local in [
            "postgres://registry@127.0.0.1/mcp?sslmode=disable",
            "postgres://registry@[::1]:5432/mcp",
            "postgres://registry@localhost/mcp",
            "postgres://registry@%2Frun%2Fpostgresql/mcp",
            "postgres:///mcp?host=/run/postgresql",
        ] {
            assert_eq!(protection(local), Protection::Local, "{local}");
        }
        assert_eq!(protection("postgres://db.acme.example/mcp"), Protection::Verified);
        assert_eq!(protection("postgres://db.acme.example/mcp?sslmode=verify-ca"), Protection::Verified);
        for mode in ["disable", "allow", "prefer", "require"] {
            let url = format!("postgres://db.acme.example/mcp?sslmode={mode}");
            assert_eq!(protection(&url), Protection::Unverified, "{mode}");
        }
        assert_eq!(protection("postgres://127.0.0.1/mcp?hostaddr=10.0.0.7&sslmode=require"), Protection::Unverified);
    }

    #[test]
    fn a_misspelt_parameter_is_refused() {
        let misspelt = parse("postgres://db.acme.example/mcp?ssl-modus=verify-full");
        assert_eq!(misspelt.unwrap_err(), DatabaseUrlError::Parameter("ssl-modus".to_owned()));
        assert!(matches!(parse("postgres://db.acme.example/mcp?sslmode=on"), Err(DatabaseUrlError::Options(_))));
        assert!(matches!(parse("https://db.acme.example/mcp"), Err(DatabaseUrlError::Scheme(_))));
        assert!(matches!(parse("postgres://db.acme.example/"), Err(DatabaseUrlError::NoDatabase)));
        assert!(matches!(parse("postgres:///mcp"), Err(DatabaseUrlError::NoHost)));
    }
}
