//! Names and versions, checked where they enter.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

/// A text that does not name what it should.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// Not a registry name.
    #[error(
        "a server name is `namespace/name`, each half of at least two characters out of letters, digits, `.`, `-` \
         (and `_` after the slash), starting and ending with a letter or digit, 200 characters at most"
    )]
    ServerName,
    /// Not an alias.
    #[error(
        "an alias is 1 to 128 characters out of letters, digits, space, `.`, `_`, `-`, `/`, `@` and `:`, and neither starts nor ends with a space"
    )]
    Alias,
    /// Not one exact version.
    #[error("a version is one exact semantic version such as `1.4.2`, never a range and never `latest`")]
    Version,
    /// Not a ring.
    #[error("a ring is 1 to 32 lower-case letters, digits and `-`")]
    Ring,
}

macro_rules! text_newtype {
    ($name:ident, $pattern:literal) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

/// A server's name in a registry, such as `io.github.acme/weather`. Case-sensitive.
///
/// The grammar is that of the MCP Registry's `server.json`, with the stricter rules its implementation enforces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(String);

impl ServerName {
    /// What stands before the slash: the namespace that is granted to publishers.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.0.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The name under which a server that no registry knows is pinned; see
    /// [`server_json::local_name`](crate::server_json::local_name).
    #[must_use]
    pub fn local(alias: &Alias) -> Self {
        let text = alias.as_str();
        if let Ok(name) = format!("local/{text}").parse::<Self>()
            && !looks_shortened(text)
        {
            return name;
        }
        let readable: String =
            text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(MAX_READABLE).collect();
        // 128 bits of the digest keep two aliases apart; the part before it is for people.
        let readable = readable.trim_start_matches('-');
        let separator = if readable.is_empty() { "" } else { SHORTENED };
        let digest: String = crate::Digest::of(text.as_bytes()).to_hex().chars().take(SHORTENED_DIGITS).collect();
        Self(format!("local/{readable}{separator}{digest}"))
    }
}

/// How much of an alias stays readable in a name that ends with a digest.
const MAX_READABLE: usize = 64;

/// Stands between the readable part and the digest.
const SHORTENED: &str = "._.";

/// How many hexadecimal digits follow.
const SHORTENED_DIGITS: usize = 32;

/// Whether an alias spells what [`ServerName::local`] makes of other aliases; it then gets a digest of its own.
fn looks_shortened(alias: &str) -> bool {
    let tail = alias.rsplit(SHORTENED).next().unwrap_or_default();
    tail.len() == SHORTENED_DIGITS && tail.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl FromStr for ServerName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let half = |half: &str, underscore: bool| {
            let inner =
                |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-' || (underscore && byte == b'_');
            half.len() >= 2
                && half.bytes().all(inner)
                && half.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
                && half.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric())
        };
        match text.split_once('/') {
            Some((namespace, name)) if text.len() <= 200 && half(namespace, false) && half(name, true) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NameError::ServerName),
        }
    }
}

text_newtype!(ServerName, "^[a-zA-Z0-9][a-zA-Z0-9.-]*[a-zA-Z0-9]/[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z0-9]$");

/// What a client's configuration calls a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias(String);

impl Alias {
    /// A file name for this alias: its own text where that is plain, else a readable part and a digest, so that two
    /// aliases never share a file on any file system, whatever it does with case and separators.
    #[must_use]
    pub fn file_stem(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if self.0.bytes().all(plain) && self.0.len() <= 64 && !is_device_name(&self.0) {
            return self.0.clone();
        }
        let readable: String =
            self.0.bytes().take(40).map(|byte| if plain(byte) { char::from(byte) } else { '-' }).collect();
        // The dot keeps these apart from plain aliases, and half a digest (128 bits) keeps them apart from each other.
        let digest: String = crate::Digest::of(self.0.as_bytes()).to_hex().chars().take(32).collect();
        format!("{readable}_.{digest}")
    }
}

/// Names that Windows takes for devices, whatever follows their first dot.
fn is_device_name(stem: &str) -> bool {
    matches!(stem, "con" | "prn" | "aux" | "nul")
        || ["com", "lpt"].iter().any(|device| {
            stem.strip_prefix(device).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
        })
}

impl FromStr for Alias {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b" ._-/@:".contains(&byte);
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(inner) && text.trim() == text;
        if fits { Ok(Self(text.to_owned())) } else { Err(NameError::Alias) }
    }
}

text_newtype!(Alias, "^[a-zA-Z0-9._/@:-]([a-zA-Z0-9 ._/@:-]{0,126}[a-zA-Z0-9._/@:-])?$");

/// One exact version. Semantic versions only: what cannot be ordered cannot be rolled forward safely.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerVersion(semver::Version);

impl ServerVersion {
    /// The parts.
    #[must_use]
    pub fn semver(&self) -> &semver::Version {
        &self.0
    }
}

impl FromStr for ServerVersion {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // 255 is the limit of `server.json`.
        if text.len() > 255 {
            return Err(NameError::Version);
        }
        semver::Version::parse(text).map(Self).map_err(|_| NameError::Version)
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl PartialOrd for ServerVersion {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ServerVersion {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl Serialize for ServerVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ServerVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ServerVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ServerVersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        // Semantic Versioning 2.0.0 in the pattern of its own specification, without the length limit of numbers.
        schemars::json_schema!({
            "type": "string",
            "maxLength": 255,
            "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$"
        })
    }
}

/// A rollout audience, such as `canary` or `stable`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ring(String);

impl Ring {
    /// The ring that every client is in unless told otherwise.
    #[must_use]
    pub fn stable() -> Self {
        Self("stable".to_owned())
    }

    /// The ring that a registry has before `stable` unless it is configured otherwise.
    #[must_use]
    pub fn canary() -> Self {
        Self("canary".to_owned())
    }
}

impl FromStr for Ring {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(inner);
        if fits { Ok(Self(text.to_owned())) } else { Err(NameError::Ring) }
    }
}

text_newtype!(Ring, "^[a-z0-9-]{1,32}$");
