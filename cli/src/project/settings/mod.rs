//! `mcp-pin.toml`: written by hand, unknown keys refused, errors with file and line.

mod digest;
mod document;
mod initial;
mod names;
mod origin;
mod policy;
mod reader;
#[cfg(test)]
mod tests;
mod trust;

use std::{collections::BTreeMap, path::Path};

use mcp_pin_attest::{Roots, Trust, registry_root::RootPin};
use mcp_pin_model::{Alias, Ring, ServerName};
use mcp_pin_packages::PackageSettings;
use mcp_pin_tlog::VerifierKey;
use semver::VersionReq;
use url::Url;

pub use digest::evidence_word;
pub use initial::{initial, name_of_user};
pub use names::NamePattern;
pub use origin::Origin;
pub use policy::{PolicySettings, day};
pub use trust::{Approver, Credential, Publisher, TrustSettings};

use self::{document::Document, reader::Reader};
use crate::{error::CommandError, log::key_of, project::roots::UserRoots};

/// The settings of a project.
#[derive(Clone, Default)]
pub struct Settings {
    /// Where they are read from; `None` where there are none.
    pub origin: Option<Origin>,
    /// The registries, in the order of the file.
    pub registries: Vec<Url>,
    /// The roots of registries that are known.
    pub registry_roots: BTreeMap<Url, RootPin>,
    /// The keys of their logs that are known.
    pub registry_logs: BTreeMap<Url, VerifierKey>,
    /// Who may sign.
    pub trust: TrustSettings,
    /// What servers are locked as, by alias.
    pub servers: BTreeMap<Alias, ServerSettings>,
    /// How much consent a change takes, and what is excepted.
    pub policy: PolicySettings,
    /// Where packages come from, in place of what the user's own clients would use.
    pub packages: PackageSettings,
    /// The user's own roots, for what packages are attested with.
    pub user_roots: UserRoots,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("origin", &self.origin).finish_non_exhaustive()
    }
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
    /// Its registry: one of the file's.
    pub registry: Url,
    /// The line of its table.
    pub line: usize,
}

impl Settings {
    /// Reads a project's own file, with the roots that this program was built with; the defaults where there is none.
    ///
    /// # Errors
    /// Exit code 2 with the line, for anything that is not understood; 3 for roots that cannot be read.
    pub fn read(path: &Path) -> Result<Self, CommandError> {
        Self::read_from(Origin::File(path.to_owned()), &UserRoots::default())
    }

    /// Reads the file from anywhere; the defaults where there is none.
    ///
    /// # Errors
    /// See [`Settings::read`].
    pub fn read_from(origin: Origin, user_roots: &UserRoots) -> Result<Self, CommandError> {
        let Some(bytes) = origin.read()? else {
            return Ok(Self { user_roots: user_roots.clone(), ..Self::default() });
        };
        let path = origin.shown();
        let text =
            String::from_utf8(bytes).map_err(|_| CommandError::usage("the file is not UTF-8 text").at(&path, None))?;
        Self::parse(origin, &path, &text, user_roots)
    }

    fn parse(origin: Origin, path: &Path, text: &str, user_roots: &UserRoots) -> Result<Self, CommandError> {
        let reader = Reader { path, text };
        let document: Document = toml::from_str(text)
            .map_err(|error| reader.error(&error.span().unwrap_or(0..0), error.message().trim_end().to_owned()))?;
        let registries =
            document.registry.iter().map(|registry| reader.url(&registry.url)).collect::<Result<Vec<_>, _>>()?;
        let mut registry_roots = BTreeMap::new();
        let mut registry_logs = BTreeMap::new();
        for (table, url) in document.registry.iter().zip(&registries) {
            if let Some(text) = &table.log_key {
                let key = key_of(text.get_ref())
                    .map_err(|error| reader.error(&text.span(), format!("`log-key`: {error}")))?;
                registry_logs.insert(url.clone(), key);
            }
            match (&table.root, &table.root_version) {
                (Some(digest), Some(version)) => {
                    let pin = RootPin { version: *version.get_ref(), digest: reader.parsed("root", digest)? };
                    registry_roots.insert(url.clone(), pin);
                }
                (None, None) => {}
                (Some(_), None) | (None, Some(_)) => {
                    return Err(reader.error(&table.url.span(), "`root` and `root-version` go together"));
                }
            }
        }
        let trust = TrustSettings::parse(&reader, &document.trust, &origin, user_roots)?;
        let servers = servers(&reader, &document, &registries)?;
        let policy = PolicySettings::parse(&reader, &document.policy)?;
        let url = |text: &Option<toml::Spanned<String>>| text.as_ref().map(|text| reader.url(text)).transpose();
        let packages = PackageSettings {
            npm: url(&document.packages.npm)?,
            pypi: url(&document.packages.pypi)?,
            oci: url(&document.packages.oci)?,
            github_api: url(&document.packages.github_api)?,
        };
        let user_roots = user_roots.clone();
        Ok(Self {
            origin: Some(origin),
            registries,
            registry_roots,
            registry_logs,
            trust,
            servers,
            policy,
            packages,
            user_roots,
        })
    }

    /// Whether there is a file. Without one a first lock may write it; with one, nothing but a person changes trust.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.origin.is_some()
    }

    /// Which servers are wanted, judged by the trust of another project file: nothing that weakens comes from here. The
    /// ring is part of that: consents hold for some rings only, so an alias that the other file does not know is in the
    /// default one.
    #[must_use]
    pub fn under_the_trust_of(self, other: Self) -> Self {
        let mut servers = self.servers;
        for (alias, server) in &mut servers {
            server.ring = other.servers.get(alias).map_or_else(Ring::stable, |known| known.ring.clone());
        }
        Self { servers, ..other }
    }

    /// Who may consent.
    #[must_use]
    pub fn approvers(&self) -> &Trust {
        self.trust.approvers()
    }

    /// Who may sign manifests of a server.
    #[must_use]
    pub fn publishers_of(&self, name: &ServerName) -> Trust {
        self.trust.publishers_of(name)
    }

    /// The roots that signatures are checked under.
    #[must_use]
    pub fn roots(&self) -> &Roots {
        self.trust.roots()
    }
}

fn servers(
    reader: &Reader<'_>,
    document: &Document,
    registries: &[Url],
) -> Result<BTreeMap<Alias, ServerSettings>, CommandError> {
    let mut servers = BTreeMap::new();
    for (alias, table) in &document.servers {
        let parsed: Alias = reader.parsed("servers", alias)?;
        let line = reader.line(&alias.span());
        let table = table.get_ref();
        let registry = match (&table.registry, registries) {
            (Some(text), _) => {
                let url = reader.url(text)?;
                if !registries.contains(&url) {
                    return Err(reader.error(&text.span(), "`registry` is none of the `[[registry]]` of this file"));
                }
                url
            }
            (None, [only]) => only.clone(),
            (None, []) => {
                return Err(reader.error(
                    &table.name.span(),
                    "a server with a `name` comes from a registry, and this file has no `[[registry]]`",
                ));
            }
            (None, _) => {
                return Err(reader.error(
                    &table.name.span(),
                    "this file has several `[[registry]]`: say which with `registry = \"…\"`",
                ));
            }
        };
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
    Ok(servers)
}
