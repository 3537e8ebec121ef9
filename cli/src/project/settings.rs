//! `mcp-pin.toml`: written by hand, unknown keys refused, errors with file and line.

use std::{collections::BTreeMap, ops::Range, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use mcp_pin_attest::{PublicKey, Trust};
use mcp_pin_model::{Alias, Ring, ServerName};
use mcp_pin_policy::Preset;
use semver::VersionReq;
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use crate::error::CommandError;

/// The largest project file: people write it, and a thousand servers fit.
const MAX_BYTES: u64 = 1 << 20;

/// The settings of a project.
#[derive(Clone, Default)]
pub struct Settings {
    /// Whether the file exists. Without one a first lock may write it; with one, nothing but a person changes trust.
    pub exists: bool,
    /// The registries, in the order of the file.
    pub registries: Vec<Url>,
    /// Who may sign manifests of which servers.
    pub publishers: Vec<Publisher>,
    /// Who may consent, and sign what is locked without a registry.
    pub approvers: Vec<Approver>,
    /// What servers are locked as, by alias.
    pub servers: BTreeMap<Alias, ServerSettings>,
    /// What consent a version from a registry takes.
    pub preset: Preset,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("exists", &self.exists).finish_non_exhaustive()
    }
}

/// Who may sign manifests of some servers.
#[derive(Clone)]
pub struct Publisher {
    /// The servers.
    pub names: Vec<NamePattern>,
    /// What it is called. Two keys of one principal count as one.
    pub principal: String,
    /// Its key.
    pub key: PublicKey,
}

/// Who may consent.
#[derive(Clone)]
pub struct Approver {
    /// What they are called. Two keys of one name count as one.
    pub name: String,
    /// Their key.
    pub key: PublicKey,
}

/// What a server is locked as.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Its name in the registry.
    pub name: ServerName,
    /// Which versions will do.
    pub version: VersionReq,
    /// The audience that this project belongs to.
    pub ring: Ring,
    /// Its registry, where the project has several.
    pub registry: Option<Url>,
    /// The line of its table.
    pub line: usize,
}

/// A server's name, or a whole namespace as `io.github.acme/*`. Nothing else is a pattern, so that none is wider than
/// it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePattern {
    /// Exactly this server.
    Exact(ServerName),
    /// Every server of this namespace.
    Namespace(String),
}

impl NamePattern {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix("/*") {
            // A namespace follows the grammar of the first half of a name.
            Some(namespace) => {
                let name: ServerName = format!("{namespace}/any").parse().ok()?;
                (name.namespace() == namespace).then(|| Self::Namespace(namespace.to_owned()))
            }
            None => text.parse().ok().map(Self::Exact),
        }
    }

    /// Whether a server falls under it.
    #[must_use]
    pub fn matches(&self, name: &ServerName) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Namespace(namespace) => name.namespace() == namespace,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    registry: Vec<RegistryTable>,
    #[serde(default)]
    trust: TrustTable,
    #[serde(default)]
    servers: BTreeMap<Spanned<String>, Spanned<ServerTable>>,
    #[serde(default)]
    policy: PolicyTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryTable {
    url: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustTable {
    #[serde(default)]
    publisher: Vec<PublisherTable>,
    #[serde(default)]
    approver: Vec<ApproverTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublisherTable {
    names: Vec<Spanned<String>>,
    principal: Option<String>,
    key: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproverTable {
    name: Spanned<String>,
    key: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerTable {
    name: Spanned<String>,
    version: Option<Spanned<String>>,
    ring: Option<Spanned<String>>,
    registry: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTable {
    preset: Option<Spanned<String>>,
}

/// Turns spans into places.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn line(&self, span: &Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|&byte| byte == b'\n').count() + 1
    }

    fn error(&self, span: &Range<usize>, message: impl Into<String>) -> CommandError {
        CommandError::usage(message).at(self.path, Some(self.line(span)))
    }

    fn url(&self, text: &Spanned<String>) -> Result<Url, CommandError> {
        let url = Url::parse(text.get_ref()).map_err(|error| self.error(&text.span(), format!("`url`: {error}")))?;
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(self.error(&text.span(), "a registry's url starts with https:// (or http:// on this machine)"));
        }
        let loopback = match url.host() {
            Some(url::Host::Domain(domain)) => domain == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() == "http" && !loopback {
            return Err(self.error(&text.span(), "a registry is reached over https; http is for this machine only"));
        }
        Ok(url)
    }

    fn key(&self, text: &Spanned<String>) -> Result<PublicKey, CommandError> {
        let key = text.get_ref().trim();
        let parsed = if key.starts_with("-----") {
            PublicKey::from_spki_pem(text.get_ref()).map_err(|error| error.to_string())
        } else {
            BASE64
                .decode(key)
                .map_err(|error| error.to_string())
                .and_then(|der| PublicKey::from_spki_der(&der).map_err(|error| error.to_string()))
        };
        parsed.map_err(|error| {
            self.error(&text.span(), format!("`key` is neither a PEM public key nor its base64: {error}"))
        })
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        member: &str,
        text: &Spanned<String>,
    ) -> Result<T, CommandError> {
        text.get_ref().parse().map_err(|error| self.error(&text.span(), format!("`{member}`: {error}")))
    }
}

impl Settings {
    /// Reads the file; the defaults where there is none.
    ///
    /// # Errors
    /// Exit code 2 with the line, for anything that is not understood.
    pub fn read(path: &Path) -> Result<Self, CommandError> {
        match crate::state::read_bounded(path, MAX_BYTES)? {
            Some(bytes) => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| CommandError::usage("the file is not UTF-8 text").at(path, None))?;
                Self::parse(path, &text)
            }
            None => Ok(Self::default()),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, CommandError> {
        let reader = Reader { path, text };
        let document: Document = toml::from_str(text)
            .map_err(|error| reader.error(&error.span().unwrap_or(0..0), error.message().trim_end().to_owned()))?;
        let registries =
            document.registry.iter().map(|registry| reader.url(&registry.url)).collect::<Result<Vec<_>, _>>()?;
        let mut publishers = Vec::new();
        for table in &document.trust.publisher {
            let key = reader.key(&table.key)?;
            let names = table
                .names
                .iter()
                .map(|name| {
                    NamePattern::parse(name.get_ref()).ok_or_else(|| {
                        reader.error(&name.span(), "`names` holds server names, or whole namespaces as `namespace/*`")
                    })
                })
                .collect::<Result<Vec<_>, _>>()?;
            if names.is_empty() {
                return Err(reader.error(&table.key.span(), "a publisher without `names` may sign nothing"));
            }
            let principal = table.principal.clone().unwrap_or_else(|| key.id().key);
            publishers.push(Publisher { names, principal, key });
        }
        let mut approvers = Vec::new();
        for table in &document.trust.approver {
            if table.name.get_ref().trim().is_empty() {
                return Err(reader.error(&table.name.span(), "`name` is empty"));
            }
            let key = reader.key(&table.key)?;
            // One key under two names would count as two people.
            let name = table.name.get_ref();
            if approvers.iter().any(|other: &Approver| other.key == key && other.name != *name) {
                return Err(reader.error(&table.key.span(), "this key stands under two names"));
            }
            approvers.push(Approver { name: name.clone(), key });
        }
        let mut servers = BTreeMap::new();
        for (alias, table) in &document.servers {
            let parsed: Alias = reader.parsed("servers", alias)?;
            let line = reader.line(&alias.span());
            let table = table.get_ref();
            let registry = table.registry.as_ref().map(|url| reader.url(url)).transpose()?;
            match &registry {
                Some(url) if !registries.contains(url) => {
                    let span = table.registry.as_ref().map_or(0..0, Spanned::span);
                    return Err(reader.error(&span, "`registry` is none of the `[[registry]]` of this file"));
                }
                None if registries.len() != 1 => {
                    return Err(reader.error(
                        &table.name.span(),
                        if registries.is_empty() {
                            "a server with a `name` comes from a registry, and this file has no `[[registry]]`"
                        } else {
                            "this file has several `[[registry]]`: say which with `registry = \"…\"`"
                        },
                    ));
                }
                _ => {}
            }
            let settings = ServerSettings {
                name: reader.parsed("name", &table.name)?,
                version: match &table.version {
                    Some(version) => reader.parsed("version", version)?,
                    None => VersionReq::STAR,
                },
                ring: table.ring.as_ref().map_or_else(|| Ok(Ring::stable()), |ring| reader.parsed("ring", ring))?,
                registry,
                line,
            };
            servers.insert(parsed, settings);
        }
        let preset = match &document.policy.preset {
            Some(preset) => reader.parsed("preset", preset)?,
            None => Preset::default(),
        };
        Ok(Self { exists: true, registries, publishers, approvers, servers, preset })
    }

    /// Who may consent.
    #[must_use]
    pub fn approvers(&self) -> Trust {
        let mut trust = Trust::new();
        for approver in &self.approvers {
            trust.add_key(approver.name.clone(), approver.key.clone());
        }
        trust
    }

    /// Who may sign manifests of a server.
    #[must_use]
    pub fn publishers_of(&self, name: &ServerName) -> Trust {
        let mut trust = Trust::new();
        for publisher in &self.publishers {
            if publisher.names.iter().any(|pattern| pattern.matches(name)) {
                trust.add_key(publisher.principal.clone(), publisher.key.clone());
            }
        }
        trust
    }

    /// The registry of a server that has settings.
    #[must_use]
    pub fn registry_of(&self, server: &ServerSettings) -> Option<&Url> {
        let wanted = server.registry.as_ref();
        self.registries.iter().find(|url| wanted.is_none_or(|wanted| *url == wanted))
    }
}

/// The project file of a first use: it trusts one key as approver.
#[must_use]
pub fn initial(name: &str, key: &PublicKey) -> String {
    format!(
        "# The settings of mcp-pin for this project. Whoever is trusted here may consent to what AI agents are told, so\n\
         # review changes of this file like changes of the lock.\n\
         \n\
         # Who may consent, and sign what is locked without a registry. The key is the base64 of a public key\n\
         # (`mcp-pin key show`); two keys under one name count as one person.\n\
         [[trust.approver]]\n\
         name = {}\n\
         key = \"{}\"\n\
         \n\
         # A registry, and a server that is taken from it:\n\
         #\n\
         # [[registry]]\n\
         # url = \"https://mcp.example.com\"\n\
         #\n\
         # [[trust.publisher]]\n\
         # names = [\"com.example/*\"]\n\
         # key = \"…\"\n\
         #\n\
         # [servers.weather]\n\
         # name = \"com.example/weather\"\n\
         # version = \"^1.4\"\n\
         #\n\
         # [policy]\n\
         # preset = \"standard\"\n",
        toml::Value::from(name),
        BASE64.encode(key.spki_der())
    )
}

/// What the user is called, for a name that people recognise in reviews.
#[must_use]
pub fn name_of_user(environment: &crate::context::Environment) -> String {
    ["USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|name| environment.get(name))
        .map(str::trim)
        .filter(|name| !name.is_empty() && name.len() <= 64 && !name.chars().any(mcp_pin_model::json::is_hidden))
        .unwrap_or("developer")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, CommandError> {
        Settings::parse(Path::new("mcp-pin.toml"), text)
    }

    fn key() -> (PublicKey, String) {
        let key = mcp_pin_attest::SigningKey::generate().unwrap().public_key().clone();
        let text = BASE64.encode(key.spki_der());
        (key, text)
    }

    #[test]
    fn the_initial_file_trusts_its_key() {
        let (key, _) = key();
        let settings = parse(&initial("anna \"the\" \\ first", &key)).unwrap();
        assert_eq!(settings.approvers().principal_of(&key), Some("anna \"the\" \\ first"));
    }

    #[test]
    fn everything_is_read() {
        let (key, text) = key();
        let settings = parse(&format!(
            "[[registry]]\nurl = \"https://mcp.example\"\n[[trust.publisher]]\nnames = [\"io.github.acme/*\"]\nkey = '''{}'''\n\
             [[trust.approver]]\nname = \"anna\"\nkey = \"{text}\"\n[servers.weather]\nname = \"io.github.acme/weather\"\nversion = \"^1.4\"\nring = \"canary\"\n\
             [policy]\npreset = \"strict\"\n",
            key.to_spki_pem()
        ))
        .unwrap();
        assert!(!settings.publishers_of(&"io.github.acme/other".parse().unwrap()).is_empty());
        assert!(settings.publishers_of(&"io.github.acmeevil/other".parse().unwrap()).is_empty());
        assert_eq!(settings.preset, Preset::Strict);
        assert_eq!(settings.servers.values().next().unwrap().ring.as_str(), "canary");
    }

    #[test]
    fn mistakes_are_refused_at_their_line() {
        let (_, key) = key();
        for (text, line) in [
            ("\n[policy]\npreset = \"lax\"".to_owned(), 3),
            ("[policy]\nunknown = 1".to_owned(), 2),
            ("\n\nunknown = 1".to_owned(), 3),
            ("[[registry]]\nurl = \"http://mcp.example\"".to_owned(), 2),
            ("[[registry]]\nurl = \"ftp://mcp.example\"".to_owned(), 2),
            ("[[trust.approver]]\nname = \"a\"\nkey = \"AAAA\"".to_owned(), 3),
            (format!("[[trust.approver]]\nname = \" \"\nkey = \"{key}\""), 2),
            (format!("[[trust.approver]]\nname = \"a\"\nkey = \"{key}\"\n[[trust.approver]]\nname = \"b\"\nkey = \"{key}\""), 6),
            (format!("[[trust.publisher]]\nnames = [\n\"*\"]\nkey = \"{key}\""), 3),
            ("[servers.a]\nname = \"io.github.acme/weather\"".to_owned(), 2),
            ("[[registry]]\nurl = \"https://mcp.example\"\n[servers.a]\nname = \"io.github.acme/weather\"\nversion = \"latest\"".to_owned(), 5),
        ] {
            let error = parse(&text).unwrap_err();
            assert_eq!(error.place.as_ref().and_then(|place| place.line), Some(line), "{text}: {error}");
            assert_eq!(error.status, crate::error::Status::Usage);
        }
    }
}
