//! Where packages come from: what the user's own clients would use. No host stands here.
//!
//! `mcp-pin.toml` comes first, then the client's variables, its files from the nearest to the farthest, and at last the
//! client itself, which knows its own default. Where nothing says where, the answer is "could not check".

mod ask;
mod ini;
mod npmrc;
mod python;

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::hostile;
use thiserror::Error;
use url::Url;

use crate::{
    Credential,
    fetch::{Chosen, check},
};

/// The largest configuration file that is read: people write them.
pub(crate) const MAX_CONFIGURATION_BYTES: u64 = 1 << 20;

/// The `[packages]` table of `mcp-pin.toml`; for a registry the only places that packages may come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageSettings {
    /// npm's registry.
    pub npm: Option<Url>,
    /// The index of Python packages: its "simple" address.
    pub pypi: Option<Url>,
    /// The registry of images whose names hold no host.
    pub oci: Option<Url>,
    /// The API of the forge that keeps attestations of artifacts.
    pub github_api: Option<Url>,
}

/// What the user's clients would read.
#[derive(Clone)]
pub struct Surroundings {
    variables: Vec<(String, String)>,
    project: PathBuf,
    home: Option<PathBuf>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values of variables are secrets until proven otherwise.
        f.debug_struct("Surroundings").field("project", &self.project).finish_non_exhaustive()
    }
}

/// The variables of package clients that are read, beside those that a configuration file names.
const VARIABLES_FOR_CHILDREN: [&str; 4] = ["PATH", "HOME", "USERPROFILE", "APPDATA"];

impl Surroundings {
    /// The environment, the project's directory and the home directory.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, project: &Path, home: Option<&Path>) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            project: project.to_owned(),
            home: home.map(Path::to_path_buf),
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    fn for_children(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .filter(|(name, _)| VARIABLES_FOR_CHILDREN.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A place that packages come from.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its address, with a slash at the end.
    pub url: Url,
    /// What to prove who asks with.
    pub credential: Option<Credential>,
    /// What says so, for people.
    pub named_by: String,
}

/// Why there is no place.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Nothing says where.
    #[error(
        "nothing says where {what} come from: set `{setting}` below [packages] in mcp-pin.toml, or configure {client}"
    )]
    Unknown {
        /// What is looked for.
        what: &'static str,
        /// The setting.
        setting: &'static str,
        /// The client that would say it.
        client: &'static str,
    },
    /// An address that is not spoken to.
    #[error("{named_by} names {} for packages, which is not a usable `https` address", hostile::quoted(.address))]
    Address {
        /// What names it.
        named_by: String,
        /// The address, without user and password.
        address: String,
    },
    /// A configuration file that cannot be read.
    #[error("{} cannot be read: {problem}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// An image of a host that the allow-list does not hold.
    #[error("images of {} are not fetched: {setting} names another registry, and no other is allowed", hostile::quoted(.host))]
    NotAllowed {
        /// The host.
        host: String,
        /// The setting.
        setting: &'static str,
    },
}

/// The places.
#[derive(Clone, Debug)]
pub struct Endpoints {
    settings: PackageSettings,
    surroundings: Option<Surroundings>,
}

impl Endpoints {
    /// The places of the settings, and for what they leave open those that the user's clients would use.
    #[must_use]
    pub fn of_user(settings: PackageSettings, surroundings: Surroundings) -> Self {
        Self { settings, surroundings: Some(surroundings) }
    }

    /// The places of the settings and no others. For a registry, whose network is not that of whoever submits.
    #[must_use]
    pub fn only(settings: PackageSettings) -> Self {
        Self { settings, surroundings: None }
    }

    /// npm's registry for a package.
    ///
    /// # Errors
    /// See [`EndpointError`].
    pub async fn npm(&self, package: &str) -> Result<Endpoint, EndpointError> {
        let unknown = EndpointError::Unknown { what: "npm packages", setting: "npm", client: "npm's `registry`" };
        if let Some(url) = &self.settings.npm {
            let found = endpoint(url.as_str(), "mcp-pin.toml".to_owned())?;
            return Ok(match &self.surroundings {
                Some(surroundings) => npmrc::with_credential(found, surroundings)?,
                None => found,
            });
        }
        let Some(surroundings) = &self.surroundings else { return Err(unknown) };
        if let Some(found) = npmrc::find(package, surroundings)? {
            return Ok(found);
        }
        match ask::npm(surroundings).await {
            Some(text) => npmrc::with_credential(endpoint(&text, "npm".to_owned())?, surroundings),
            None => Err(unknown),
        }
    }

    /// The index of Python packages.
    ///
    /// # Errors
    /// See [`EndpointError`].
    pub async fn pypi(&self) -> Result<Endpoint, EndpointError> {
        let unknown =
            EndpointError::Unknown { what: "Python packages", setting: "pypi", client: "uv's or pip's `index-url`" };
        if let Some(url) = &self.settings.pypi {
            return endpoint(url.as_str(), "mcp-pin.toml".to_owned());
        }
        let Some(surroundings) = &self.surroundings else { return Err(unknown) };
        if let Some(found) = python::find(surroundings)? {
            return Ok(found);
        }
        match ask::pip(surroundings).await {
            Some(text) => endpoint(&text, "pip".to_owned()),
            None => Err(unknown),
        }
    }

    /// The registry of an image, and the image's name there.
    ///
    /// # Errors
    /// See [`EndpointError`].
    pub fn oci<'n>(&self, image: &'n str) -> Result<(Endpoint, &'n str), EndpointError> {
        let host = image.split_once('/').filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost");
        match (host, &self.settings.oci) {
            (Some((host, name)), allowed) => {
                let local = host == "localhost" || host.starts_with("localhost:") || host.starts_with("127.0.0.1:");
                let address = format!("{}://{host}/", if local { "http" } else { "https" });
                let found = endpoint(&address, "the image's name".to_owned())?;
                match (allowed, &self.surroundings) {
                    // Without a user, whoever submits an image would choose whom we speak to.
                    (Some(allowed), None) if allowed.origin() == found.url.origin() => Ok((found, name)),
                    (_, None) => Err(EndpointError::NotAllowed { host: host.to_owned(), setting: "oci" }),
                    (_, Some(_)) => Ok((found, name)),
                }
            }
            (None, Some(url)) => Ok((endpoint(url.as_str(), "mcp-pin.toml".to_owned())?, image)),
            (None, None) => Err(EndpointError::Unknown {
                what: "images without a host in their name",
                setting: "oci",
                client: "name the registry in front of the image",
            }),
        }
    }

    /// The API that keeps attestations, where one is configured.
    ///
    /// # Errors
    /// See [`EndpointError`].
    pub fn github_api(&self) -> Result<Option<Endpoint>, EndpointError> {
        let Some(url) = &self.settings.github_api else { return Ok(None) };
        endpoint(url.as_str(), "mcp-pin.toml".to_owned()).map(Some)
    }
}

/// Takes an address. A user and password in it become a credential for its origin.
fn endpoint(text: &str, named_by: String) -> Result<Endpoint, EndpointError> {
    let wrong = |address: &str| EndpointError::Address { named_by: named_by.clone(), address: address.to_owned() };
    // What cannot be parsed may hold a password anywhere.
    let mut url = Url::parse(text.trim()).map_err(|_| wrong("…"))?;
    let credential = url.password().map(|password| {
        let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        Credential::basic(&STANDARD.encode(format!("{}:{}", plain(url.username()), plain(password))))
    });
    let cleared = url.set_username("").is_ok() && url.set_password(None).is_ok();
    url.set_query(None);
    url.set_fragment(None);
    if !cleared || check(&url, Chosen::ByUs).is_err() {
        return Err(wrong(url.as_str()));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(Endpoint { url, credential, named_by })
}

/// Reads a configuration file; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, EndpointError> {
    let wrong = |problem: String| EndpointError::File { path: path.to_owned(), problem };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
        Ok(metadata) if !metadata.is_file() => return Ok(None),
        Ok(metadata) if metadata.len() > MAX_CONFIGURATION_BYTES => {
            return Err(wrong(format!("it is larger than {MAX_CONFIGURATION_BYTES} bytes")));
        }
        Ok(_) => {}
    }
    std::fs::read_to_string(path).map(Some).map_err(|error| wrong(error.to_string()))
}
