//! `[login]` of the configuration.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    num::NonZero,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use mcp_pin_storage::{PrincipalError, Role, Roles};
use serde::Deserialize;
use thiserror::Error;
use url::Url;
use zeroize::Zeroizing;

use crate::oidc::{Algorithm, is_fetchable};

/// How long a session lasts without use, unless told otherwise: a lunch break ends it.
const DEFAULT_IDLE_MINUTES: u16 = 30;

/// How long a session lasts at all, unless told otherwise: a working day.
const DEFAULT_SESSION_HOURS: u8 = 10;

/// How long the token of a command line lasts, unless told otherwise.
const DEFAULT_TOKEN_HOURS: u8 = 8;

/// The longest client secret.
const MAX_SECRET_BYTES: u64 = 4096;

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoginSection {
    issuer: String,
    client_id: String,
    /// Relative to the configuration file.
    client_secret_file: Option<PathBuf>,
    #[serde(default = "rs256")]
    algorithm: Algorithm,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default = "preferred_username")]
    name_claim: String,
    #[serde(default = "groups")]
    groups_claim: String,
    /// Roles by group.
    #[serde(default)]
    roles: BTreeMap<String, Vec<String>>,
    session_idle_minutes: Option<NonZero<u16>>,
    session_hours: Option<NonZero<u8>>,
    token_hours: Option<NonZero<u8>>,
}

fn rs256() -> Algorithm {
    Algorithm::RS256
}

fn preferred_username() -> String {
    "preferred_username".to_owned()
}

fn groups() -> String {
    "groups".to_owned()
}

/// How people log in.
#[derive(Clone, Debug)]
pub struct LoginConfig {
    /// The provider, exactly as its tokens have it in `iss`.
    pub issuer: String,
    /// Who this registry is there.
    pub client_id: String,
    /// The file with the client's secret; none for a public client.
    pub client_secret_file: Option<PathBuf>,
    /// What its tokens are signed with.
    pub algorithm: Algorithm,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that a new principal is named after.
    pub name_claim: String,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// Roles by group.
    pub roles: BTreeMap<String, Roles>,
    /// How long a session lasts without use.
    pub session_idle: SignedDuration,
    /// How long a session lasts at all.
    pub session: SignedDuration,
    /// How long the token of a command line lasts.
    pub token: SignedDuration,
}

/// What is wrong with the section.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoginConfigError {
    /// A provider that cannot be asked safely.
    #[error("`login.issuer` must be `https://…` (or `http://…` on this machine), without user, query and fragment")]
    Issuer,
    /// A role that is none.
    #[error("`login.roles`: {0}")]
    Role(#[from] PrincipalError),
    /// Nobody could log in.
    #[error("`login.roles` gives no group a role, so nobody could log in")]
    NoRoles,
    /// Nowhere to come back to.
    #[error("`[login]` needs `public-url`: people come back to it from the provider")]
    NoPublicUrl,
    /// Cookies would travel readable.
    #[error("`[login]` needs a `public-url` that is `https://…` (or on this machine)")]
    Insecure,
}

impl LoginSection {
    /// Reads what was written; files relative to the configuration's folder.
    ///
    /// # Errors
    /// See [`LoginConfigError`].
    pub fn read(self, folder: &Path, public_url: Option<&Url>) -> Result<LoginConfig, LoginConfigError> {
        if !Url::parse(&self.issuer).is_ok_and(|url| is_fetchable(&url)) {
            return Err(LoginConfigError::Issuer);
        }
        let public_url = public_url.ok_or(LoginConfigError::NoPublicUrl)?;
        if !is_fetchable(public_url) {
            return Err(LoginConfigError::Insecure);
        }
        let mut roles: BTreeMap<String, Roles> = BTreeMap::new();
        for (group, words) in self.roles {
            let read = words.iter().map(|word| word.parse::<Role>()).collect::<Result<Roles, _>>()?;
            roles.insert(group, read);
        }
        if roles.values().all(BTreeSet::is_empty) {
            return Err(LoginConfigError::NoRoles);
        }
        let hours = |hours: Option<NonZero<u8>>, default: u8| {
            SignedDuration::from_hours(hours.map_or(default, NonZero::get).into())
        };
        Ok(LoginConfig {
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret_file: self.client_secret_file.map(|path| folder.join(path)),
            algorithm: self.algorithm,
            scopes: self.scopes,
            name_claim: self.name_claim,
            groups_claim: self.groups_claim,
            roles,
            session_idle: SignedDuration::from_mins(
                self.session_idle_minutes.map_or(DEFAULT_IDLE_MINUTES, NonZero::get).into(),
            ),
            session: hours(self.session_hours, DEFAULT_SESSION_HOURS),
            token: hours(self.token_hours, DEFAULT_TOKEN_HOURS),
        })
    }
}

impl LoginConfig {
    /// The roles of somebody in these groups.
    #[must_use]
    pub fn roles_of(&self, groups: &BTreeSet<String>) -> Roles {
        groups.iter().filter_map(|group| self.roles.get(group)).flatten().copied().collect()
    }

    /// The client's secret, read each time that it is needed so that it can be changed.
    pub(super) fn secret(&self) -> std::io::Result<Option<Zeroizing<String>>> {
        let Some(path) = &self.client_secret_file else { return Ok(None) };
        let mut text = Zeroizing::new(String::new());
        std::fs::File::open(path)?.take(MAX_SECRET_BYTES).read_to_string(&mut text)?;
        Ok(Some(Zeroizing::new(text.trim().to_owned())))
    }
}
